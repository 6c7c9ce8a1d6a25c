"""`muon bench` and `muon latency` against a real photond: what they count, where they emit, and what they leave behind. Never how fast it is."""
import json
import signal
import subprocess
import sys
import unittest

from cli_test import LIMIT_S, WithPhotond, line


class Bench(WithPhotond):
    def measure(self, *arguments, code=0):
        done = self.muon(*arguments, "--json")
        self.assertEqual(done.returncode, code, done)
        return json.loads(done.stdout)

    def streams(self, pattern="bench/**"):
        return json.loads(self.muon("streams", pattern, "--json").stdout)["streams"]

    def test_what_is_emitted_is_counted_stays_below_its_prefix_and_can_be_deleted(self):
        self.muon("emit", stdin=line(1))
        told = self.measure("bench", "emit", "--duration", "500ms", "--batch", "3", "--streams", "2", "--payload", "12")
        self.assertEqual((told["bench"], told["loop"], told["failed"], told["unanswered"]), ("emit", "closed", 0, 0))
        self.assertTrue(told["durability"])
        self.assertGreater(told["done"], 0)
        self.assertEqual((told["events"], told["bytes"]), (3 * told["done"], 36 * told["done"]))
        self.assertEqual(list(told["latency-ms"]), ["min", "mean", "p50", "p90", "p99", "p999", "max"])
        prefix = told["streams"].removesuffix("/**")
        streams = self.streams()
        self.assertEqual({s["stream-name"] for s in streams}, {f"{prefix}/0", f"{prefix}/1"})
        self.assertEqual(sum(s["total-events"] for s in streams), told["events"])
        self.assertEqual(json.loads(self.muon("replay", f"{prefix}/0", "-l", "1", "-r").stdout)["payload"], {"bench": ""})
        deleted = self.measure("bench", "delete", prefix)
        self.assertEqual(deleted, {"correct": True, "streams": f"{prefix}/**", "deleted-events": told["events"]})
        self.assertEqual(self.streams(), [])
        self.assertEqual(len(self.streams("s/**")), 1)

    def test_remove_leaves_nothing_behind(self):
        told = self.measure("latency", "--duration", "300ms", "--remove")
        self.assertEqual((told["loop"], told["rate"]), ("open", 100))
        self.assertEqual(self.streams(), [])

    # whatever the server does meanwhile, no operation that was due is left out
    def test_a_server_that_stops_is_seen_by_all_that_were_due(self):
        latency = self.photond.spawn("latency", "--rate", "50", "--duration", "3s", "--timeout", "4s", "--json",
                                     stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        tail = self.photond.spawn("tail", "bench/**", "-n", "all", "-r", "--limit", "1", stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE)
        tail.communicate(timeout=LIMIT_S)
        self.photond.pause()
        out, said = latency.communicate(timeout=LIMIT_S)
        told = json.loads(out)
        self.assertEqual(told["done"] + told["failed"] + told["behind"] + told["unanswered"], 150, said)
        self.assertGreater(told["failed"] + told["behind"] + told["unanswered"], 0)
        self.assertIn(latency.returncode, (8, 10))

    def test_what_finds_no_room_is_said(self):
        done = self.muon("bench", "emit", "--rate", "1000000", "--in-flight", "1", "--duration", "200ms", "--json")
        told = json.loads(done.stdout)
        self.assertEqual(told["done"] + told["behind"], 200000)
        self.assertGreater(told["behind"], 0)
        self.assertIn(b"were due and not sent, since 1 were under way", done.stderr)

    def test_ctrl_c_shows_what_there_is(self):
        bench = self.photond.spawn("bench", "emit", "--duration", "1h", "--json", stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        tail = self.photond.spawn("tail", "bench/**", "-n", "all", "-r", "--limit", "1", stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE)
        tail.communicate(timeout=LIMIT_S)
        bench.send_signal(signal.SIGINT)
        out, said = bench.communicate(timeout=LIMIT_S)
        told = json.loads(out)
        self.assertEqual((bench.returncode, told["interrupted"], told["unanswered"]), (130, True, 0), said)
        self.assertEqual(sum(s["total-events"] for s in self.streams()), told["events"])
        self.assertIn(b"deletes them", said)

    def test_replays_and_requests(self):
        self.muon("emit", stdin=b"".join(line(n) for n in range(10)))
        told = self.measure("bench", "replay", "__all__", "--duration", "200ms")
        self.assertGreaterEqual(told["done"], 1)
        self.assertGreaterEqual(told["events"], 10 * told["done"])
        self.assertEqual(self.measure("bench", "replay", "nothing", "--duration", "1h")["events"], 0)
        told = self.measure("latency", "rpc://photon/stats", "--duration", "200ms")
        self.assertEqual((told["bench"], told["failed"]), ("request", 0))
        self.assertNotIn("streams", told)
        self.assertEqual(self.measure("bench", "request", "rpc://nobody/x", "--duration", "100ms", code=4)["done"], 0)
        self.assertEqual(self.streams(), [])

    def test_people_get_a_table_and_are_told_how_to_clean_up(self):
        done = self.muon("latency", "--duration", "200ms")
        self.assertRegex(done.stdout.decode(), r"^measured     emit, 0\.2 s, open loop: 100/s were due\ndurability   .+\ndone         "
                                               r"\d+, .*/s\nevents .*\nms           min .* 99\.9% [\d.]+  100% [\d.]+\n$")
        self.assertRegex(done.stderr.decode(), r"^-- the events are in (bench/\S+)/\*\*; `muon bench delete \1` deletes them --\n$")

    def test_what_is_wrong_is_refused_before_anything_is_emitted(self):
        for arguments in (["emit", "--in-flight", "0"], ["emit", "--payload", "11"], ["emit", "--batch", "1001"], ["emit", "x"],
                          ["replay"], ["emti"], ["delete", "s"], ["delete", "bench/"], ["delete", "bench/**"]):
            done = self.muon("bench", *arguments)
            self.assertEqual(done.returncode, 2, done)
        self.assertEqual(self.streams("**"), [])


if __name__ == "__main__":
    sys.exit(unittest.main(verbosity=2))
