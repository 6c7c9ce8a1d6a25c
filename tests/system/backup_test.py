"""A store's history, out of it and into another one: whatever happens on the way, the digest is one and the same."""
import json
import resource
import signal
import subprocess
import sys
import threading
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))
from photond import LIMIT_S, MUON, PHOTOND, Photond  # noqa: E402
from real_events import real_lines  # noqa: E402

REAL_LINES = 20000  # of 262,200: the whole takes minutes under a sanitizer
PATIENT = ("--timeout", "2m")  # how busy the machine is decides nothing
FAILED, USAGE, BAD_INPUT, CONFLICT, DENIED, UNREACHABLE = 1, 2, 3, 5, 6, 7


def administered(*flags, **more):
    """A photond whose administrator is the client that the tests are."""
    return Photond(True, "--admin-names=client", *flags, **more)


def event(stream, number, **more):
    return json.dumps({"stream-name": stream, "event-type": "Noted", "event-id": f"{stream}#{number}",
                       "payload": {"n": number}, **more}).encode() + b"\n"


def lines(count, stream="s", start=0):
    return b"".join(event(f"{stream}/{n % 7}", n) for n in range(start, start + count))


def on_a_small_disk():
    """As on a full disk: writing fails, with an error instead of a signal."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20000, 20000))


class Backup(unittest.TestCase):
    def setUp(self):
        self.photonds = []
        self.source = self.photond()
        self.dir = self.source.dir

    def tearDown(self):
        for photond in self.photonds:
            photond.close()

    def photond(self, *flags, **more):
        photond = administered(*flags, **more)
        self.photonds.append(photond)
        return photond

    def run_on(self, photond, *arguments, code=0, stdin=b""):
        done = photond.muon(*[str(a) for a in arguments], *PATIENT, stdin=stdin)
        self.assertEqual(done.returncode, code, (arguments, done.stdout[-300:], done.stderr.decode()))
        return done

    def said(self, photond, *arguments, **more):
        return [json.loads(line) for line in self.run_on(photond, *arguments, "--json", **more).stdout.splitlines()]

    def digest(self, photond, up_to=0):
        return self.said(photond, "verify", *(["--up-to", up_to] if up_to else []))[0]

    def assert_same(self, backup, photond):
        """The file, and the store up to where the file ends."""
        here = self.digest(photond, backup["last-order-id"])
        self.assertEqual((here["digest"], here["last-order-id"]), (backup["digest"], backup["last-order-id"]))

    def fill(self, photond, count=500):
        self.run_on(photond, "emit", "-q", stdin=lines(count))

    def test_a_backup_of_a_store_that_is_written_to_is_restored_with_the_same_digest(self):
        writing, stop = [], threading.Event()

        def write():
            start = 500
            while not stop.is_set():
                writing.append(self.source.muon("emit", "-q", *PATIENT, stdin=lines(2000, start=start)).returncode)
                start += 2000

        self.fill(self.source)
        writer = threading.Thread(target=write)
        writer.start()
        file = self.dir / "a.mb"
        while not writing:  # while the first of these goes on, or a later one
            backup = self.said(self.source, "backup", file)[0]
            if backup["events"] > 500:
                break
        stop.set()
        writer.join()
        self.assertEqual(set(writing), {0})
        self.assertEqual(self.said(self.source, "verify", file)[0]["digest"], backup["digest"])
        self.assert_same(backup, self.source)
        target = self.photond()
        restored = self.said(target, "restore", file)[0]
        self.assertEqual((restored["digest"], restored["events"]), (backup["digest"], backup["events"]))
        self.assert_same(backup, target)
        upto = [e for e in self.source.events() if e["order-id"] <= backup["last-order-id"]]
        self.assertEqual(target.events(), upto)

    def test_deletions_are_restored_and_change_no_digest(self):
        self.fill(self.source)
        whole = self.said(self.source, "backup", self.dir / "1.mb")[0]
        self.run_on(self.source, "delete", "s/3")
        self.assert_same(whole, self.source)
        self.fill(self.source, 600)
        later = self.said(self.source, "backup", self.dir / "2.mb", "--since", self.dir / "1.mb")[0]
        again = self.said(self.source, "backup", self.dir / "all.mb")[0]
        self.assertEqual(later["digest"], again["digest"])
        events = self.source.events()
        version = self.said(self.source, "emit", event("s/3", "new").decode())[0]["version"]
        for files in (["1.mb", "2.mb"], ["all.mb"]):
            target = self.photond()
            self.run_on(target, "restore", *[self.dir / f for f in files])
            self.assert_same(later, target)
            self.assertEqual(target.events(), events)
            # The event ids and the versions of what was deleted are not free again.
            self.run_on(target, "emit", stdin=event("s/3", 3, payload={"other": 1}), code=CONFLICT)
            self.assertEqual(self.said(target, "emit", event("s/3", "new").decode())[0]["version"], version)

    def test_a_killed_store_and_a_killed_restore_go_on_and_nothing_is_doubled(self):
        self.fill(self.source, 30000)
        file = self.dir / "a.mb"
        backup = self.said(self.source, "backup", file)[0]
        target = self.photond()
        restore = target.spawn("restore", str(file), *PATIENT, stderr=subprocess.PIPE)
        self.wait_for_some(target)
        restore.kill()
        restore.communicate()
        restore = target.spawn("restore", str(file), *PATIENT, stderr=subprocess.PIPE)
        self.wait_for_some(target)
        target.kill()
        restore.kill()  # which may not have reached it, and waits for one that comes back
        restore.communicate()
        target.start()
        self.run_on(target, "restore", file)
        self.assert_same(backup, target)
        self.assertEqual(target.events(), self.source.events())

    def wait_for_some(self, photond):
        """Until the store holds some of what is restored."""
        while not self.digest(photond)["events"]:
            pass

    def test_an_unfinished_import_takes_nothing_else_and_is_finished_by_another(self):
        self.fill(self.source)
        self.run_on(self.source, "export", self.dir / "whole.ndjson")
        whole = (self.dir / "whole.ndjson").read_bytes().splitlines(keepends=True)
        target = self.photond()
        self.run_on(target, "import", code=BAD_INPUT, stdin=b"".join(whole[:100]) + b"{\n")
        held = self.digest(target)["events"]
        self.run_on(target, "import", self.dir / "whole.ndjson")
        self.assertLessEqual(held, 100)
        self.assertEqual(self.digest(target)["digest"], self.digest(self.source)["digest"])

    def test_photonds_end_does_not_wait_for_an_import_that_is_open(self):
        self.fill(self.source)
        whole = self.run_on(self.source, "export").stdout
        target = self.photond()
        importing = target.spawn("import", *PATIENT, stdin=subprocess.PIPE, stderr=subprocess.PIPE)
        while "AdminService/Import" not in target.words:  # its log says who administers
            pass
        target.process.terminate()
        self.assertEqual(target.process.wait(LIMIT_S), 0)
        target.reader.join()
        self.assertIn('"drained"', target.words)
        said = importing.communicate(whole, timeout=LIMIT_S)[1]
        self.assertEqual(importing.returncode, UNREACHABLE, said)

    def test_real_events_exported_imported_and_exported_again_are_the_same_bytes(self):
        self.run_on(self.source, "emit", "-q", stdin=b"".join(real_lines(self, REAL_LINES)))
        first, second = self.dir / "1.ndjson", self.dir / "2.ndjson"
        self.run_on(self.source, "export", first)
        target = self.photond()
        self.run_on(target, "import", first)
        self.run_on(target, "export", second)
        self.assertEqual(first.read_bytes(), second.read_bytes())
        self.assertEqual(first.read_bytes(), self.run_on(target, "export").stdout)
        self.assertEqual(self.digest(self.source)["digest"], self.digest(target)["digest"])

    def test_an_export_that_was_cut_off_goes_on_and_one_of_another_store_does_not(self):
        self.fill(self.source)
        self.run_on(self.source, "delete", "s/1")
        whole = self.run_on(self.source, "export").stdout
        file, part = self.dir / "e.ndjson", self.dir / "e.ndjson.part"
        for cut in (0, 1, 5000, len(whole) - 2, len(whole)):
            part.write_bytes(whole[:cut] if cut != 1 else b"")
            self.run_on(self.source, "export", file)
            self.assertEqual(file.read_bytes(), whole)
            self.assertFalse(part.exists())
        part.write_bytes(whole.splitlines(keepends=True)[0] * 2 + whole[:5000])
        self.run_on(self.source, "export", file, code=BAD_INPUT)
        other = self.photond()
        self.fill(other)
        part.write_bytes(whole[:5000])
        self.run_on(other, "export", file, code=CONFLICT)

    def test_what_was_cut_or_has_changed_is_named_and_refused(self):
        self.fill(self.source, 50)
        file, bad = self.dir / "a.mb", self.dir / "bad.mb"
        self.run_on(self.source, "backup", file)
        whole = file.read_bytes()
        target = self.photond()
        for what, content in [("cut", whole[:-1]), ("cut", whole[:len(whole) // 2]), ("cut", whole[:20]),
                              ("changed", whole[:200] + bytes([whole[200] ^ 1]) + whole[201:]),
                              ("changed", whole[:-30] + bytes([whole[-30] ^ 1]) + whole[-29:]),
                              ("not one", b"something else"), ("not one", b""), ("more", whole + b"\0")]:
            bad.write_bytes(content)
            for verb in ("verify", "restore"):
                done = self.run_on(target, verb, bad, code=BAD_INPUT)
                self.assertIn(str(bad), done.stderr.decode(), what)
                self.assertIn("at byte", done.stderr.decode(), what)
            self.run_on(self.source, "backup", self.dir / "c.mb", "--since", bad, code=BAD_INPUT)
        self.assertEqual(self.digest(target)["events"], 0)

    def test_files_out_of_order_and_stores_with_events_are_refused(self):
        self.fill(self.source, 50)
        one, two = self.dir / "1.mb", self.dir / "2.mb"
        self.run_on(self.source, "backup", one)
        self.run_on(self.source, "emit", "-q", stdin=lines(50, "t"))
        self.run_on(self.source, "backup", two, "--since", one)
        target = self.photond()
        self.run_on(target, "restore", two, code=CONFLICT)
        self.run_on(target, "restore", two, one, code=BAD_INPUT)
        self.run_on(target, "restore", one)
        self.run_on(target, "restore", two)  # nobody has written to it
        self.assertEqual(target.events(), self.source.events())
        self.run_on(target, "emit", stdin=event("own", 1))
        done = self.run_on(target, "restore", one, code=CONFLICT)
        self.assertIn("events of its own", done.stderr.decode())
        self.run_on(target, "backup", self.dir / "3.mb", "--since", one, code=CONFLICT)  # another store's

    def test_a_backup_does_not_take_the_place_of_the_one_that_it_follows_upon(self):
        self.fill(self.source, 50)
        self.run_on(self.source, "backup", self.dir / "1.mb")
        whole = (self.dir / "1.mb").read_bytes()
        done = self.run_on(self.source, "backup", f"{self.dir}/./1.mb", "--since", self.dir / "1.mb", code=2)
        self.assertIn("would be replaced", done.stderr.decode())
        self.assertEqual((self.dir / "1.mb").read_bytes(), whole)

    def shown(self, photond):
        """What is kept of which stream, and why; but for events that say when."""
        streams = self.said_whole(photond, "streams", "--deleted")["streams"]
        return streams, self.said_whole(photond, "retention")["retention"]

    def said_whole(self, photond, *arguments):
        return json.loads(self.run_on(photond, *arguments, "--json").stdout)

    def wait_until(self, photond, stream, kept):
        for _ in range(10 * LIMIT_S):
            if {s["stream-name"]: s["total-events"] for s in self.shown(photond)[0]}[stream] == kept:
                return
        self.fail(f"{stream}: {self.shown(photond)}")

    def cut_all_over(self):
        """Cut by hand, by policies, once whole; ended for good, with events and without."""
        self.run_on(self.source, "emit", "-q", stdin=b"".join(
            event(stream, n) for n in range(40) for stream in ("cut", "logs/1", "logs/2", "gone", "ended", "again")))
        self.run_on(self.source, "retention", "set", "logs/**", "--max-count", 5)
        self.run_on(self.source, "retention", "set", "logs/2", "--max-age", "1ms")
        self.run_on(self.source, "retention", "set", "else/**", "--max-age", "1d")
        self.run_on(self.source, "retention", "clear", "else/**")
        self.run_on(self.source, "truncate", "cut", "--before", 10)
        self.run_on(self.source, "truncate", "cut", "--before", 31)
        self.run_on(self.source, "delete", "gone")
        for stream in ("ended", "never"):
            self.run_on(self.source, "delete", stream, "--tombstone")
        self.wait_until(self.source, "logs/1", 5)
        self.wait_until(self.source, "logs/2", 0)

    def assert_restored(self, target):
        self.wait_until(target, "logs/1", 5)  # what a policy took since the first backup it takes again
        self.assertEqual(self.shown(target), self.shown(self.source))
        for photond in (self.source, target):
            refused = self.run_on(photond, "emit", stdin=event("ended", 100), code=USAGE + 1)
            self.assertIn("deleted for good", refused.stderr.decode())
            self.run_on(photond, "emit", stdin=event("never", 100), code=USAGE + 1)
        self.assertEqual(self.digest(target)["digest"], self.digest(self.source)["digest"])
        for stream, version in (("cut", 41), ("logs/1", 42), ("logs/2", 41), ("gone", 41)):
            self.run_on(target, "emit", "-q", stdin=event(stream, "new"))
            last = {s["stream-name"]: s["last-version"] for s in self.shown(target)[0]}[stream]
            self.assertEqual(last, version)

    def test_what_was_cut_and_by_which_policies_is_restored_too(self):
        self.cut_all_over()
        one, two, export = self.dir / "1.mb", self.dir / "2.mb", self.dir / "all.ndjson"
        self.run_on(self.source, "backup", one)
        self.run_on(self.source, "emit", "-q", stdin=event("logs/1", 40))
        self.run_on(self.source, "truncate", "again", "--before", 21)
        self.wait_until(self.source, "logs/1", 5)
        self.run_on(self.source, "backup", two, "--since", one)
        self.run_on(self.source, "export", export)
        target, other = self.photond(), self.photond()
        self.run_on(target, "restore", one)
        self.run_on(target, "restore", two)
        self.run_on(other, "import", export, "-q")
        self.assertEqual(self.shown(other), self.shown(self.source))
        self.assert_restored(target)
        for photond in (target, other):
            photond.process.terminate()
            self.assertEqual(photond.process.wait(LIMIT_S), 0)
            photond.kill()
            done = subprocess.run([PHOTOND, "verify", "--data-dir", photond.data], capture_output=True, text=True)
            self.assertEqual(done.returncode, 0, done)

    def test_a_full_disk_is_told_and_leaves_no_half_backup(self):
        self.fill(self.source, 3000)
        for verb, left in (("backup", ".new"), ("export", ".part")):
            file = self.dir / f"{verb}.out"
            done = subprocess.run([MUON, verb, file, *PATIENT], env=self.source.environment, capture_output=True, timeout=LIMIT_S,
                                  preexec_fn=on_a_small_disk)
            self.assertEqual(done.returncode, FAILED, done.stderr)
            self.assertIn(b"Make room", done.stderr)
            self.assertFalse(file.exists())
            self.assertEqual(Path(f"{file}{left}").exists(), verb == "export")
        self.run_on(self.source, "export", self.dir / "export.out")

    def test_only_an_administrator_may(self):
        plain = Photond(True)
        self.photonds.append(plain)
        self.fill(plain, 10)
        self.run_on(plain, "backup", self.dir / "x.mb", code=DENIED)
        self.run_on(plain, "verify", code=DENIED)
        self.run_on(plain, "restore", code=USAGE)


if __name__ == "__main__":
    unittest.main()
