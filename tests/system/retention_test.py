"""How long events are kept, by a real photond: it goes on after kill -9 at any moment, takes what it should and nothing else, and
whoever reads is told. Ends with unittest's summary."""
import json
import re
import subprocess
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))
from photond import LIMIT_S, PHOTOND, Photond  # noqa: E402

STREAMS, EVENTS, KEPT, PAYLOAD = 3, 1500, 100, "x" * 300


def lines(stream, first, last):
    return b"".join(json.dumps({"stream-name": stream, "event-type": "Said", "event-id": f"{stream}-{n}",
                                "payload": PAYLOAD}).encode() + b"\n" for n in range(first, last + 1))


class Retention(unittest.TestCase):
    def setUp(self):
        self.photond = Photond()
        self.addCleanup(self.photond.close)

    def ask(self, *words, stdin=None):
        done = self.photond.muon(*words, stdin=stdin)
        self.assertEqual(done.returncode, 0, done)
        return done

    def streams(self):
        """Each stream's first version, last version, and how many events it holds."""
        listed = json.loads(self.ask("streams", "--deleted", "--json").stdout)["streams"]
        return {s["stream-name"]: (s["first-version"], s["last-version"], s["total-events"]) for s in listed}

    def wait_for(self, what):
        """Until the streams are so; each look takes a while, so there is no need to sleep between them."""
        for _ in range(10 * LIMIT_S):
            if what(self.streams()):
                return
        self.fail(f"still {self.streams()}")

    def kill_and_start(self):
        self.photond.kill()
        self.photond.start()

    def verify(self):
        """How many events are erased in a store that is sound."""
        self.photond.process.terminate()
        self.assertEqual(self.photond.process.wait(LIMIT_S), 0)
        self.photond.kill()  # nothing but its log is left
        done = subprocess.run([PHOTOND, "verify", "--data-dir", self.photond.data], capture_output=True, text=True,
                              timeout=LIMIT_S)
        self.assertEqual(done.returncode, 0, done)
        return int(re.search(r"\((\d+) of them erased\)", done.stdout).group(1))

    def test_killed_in_the_middle_it_goes_on_and_takes_nothing_else(self):
        names = [f"logs/{n}" for n in range(STREAMS)]
        for name in [*names, "kept"]:
            self.ask("emit", "-q", stdin=lines(name, 1, EVENTS))
        self.ask("retention", "set", "logs/**", "--max-count", str(KEPT))
        self.kill_and_start()  # before it has begun, or just after
        self.wait_for(lambda streams: streams[names[0]][2] == KEPT)
        self.kill_and_start()  # cut, and hardly anything erased
        self.kill_and_start()
        whole, rest = (1, EVENTS, EVENTS), (EVENTS - KEPT + 1, EVENTS, KEPT)
        self.wait_for(lambda streams: all(streams[name] == rest for name in names))
        self.assertEqual(self.streams()["kept"], whole)
        self.ask("emit", "-q", stdin=lines(names[0], 1, 1))  # a retry: nothing is stored
        self.assertEqual(self.streams()[names[0]], rest)
        self.assertLessEqual(self.verify(), STREAMS * (EVENTS - KEPT))
        self.photond.start()
        told = self.ask("replay", names[1], "-r")
        self.assertIn(b"the beginning has been deleted", told.stderr)
        versions = [json.loads(line)["version"] for line in told.stdout.splitlines()]
        self.assertEqual(versions, list(range(EVENTS - KEPT + 1, EVENTS + 1)))

    def test_what_is_too_old_goes_while_nobody_writes(self):
        self.ask("emit", "-q", stdin=lines("carts/1", 1, 10) + lines("kept", 1, 10))
        self.ask("retention", "set", "carts/**", "--max-age", "1ms")
        self.wait_for(lambda streams: streams["carts/1"] == (11, 10, 0))
        self.assertEqual(self.streams()["kept"], (1, 10, 10))
        self.ask("retention", "clear", "carts/**")
        self.ask("emit", "-q", stdin=lines("carts/1", 11, 20))
        self.assertEqual(self.streams()["carts/1"], (11, 20, 10))
        self.assertEqual(self.verify(), 10)

    def test_a_tombstone_survives_a_kill(self):
        self.ask("emit", "-q", stdin=lines("carts/1", 1, 10))
        self.ask("delete", "carts/1", "--tombstone")
        self.kill_and_start()
        refused = self.photond.muon("emit", stdin=lines("carts/1", 11, 11))
        self.assertEqual(refused.returncode, 3, refused)
        self.assertIn(b"deleted for good", refused.stderr)
        self.ask("emit", "-q", stdin=lines("carts/1", 1, 10))  # a retry of what was stored is a success still
        self.assertEqual(self.verify(), 10)


if __name__ == "__main__":
    unittest.main()
