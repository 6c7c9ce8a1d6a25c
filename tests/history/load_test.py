"""soak_load and history_check against a real photond: what is recorded is sound, and a log that does not hold it is noticed."""
import json
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from photond import BUILD, Photond

HISTORY = BUILD / "tests/history"
LIMIT_S = 280
ROLES = ["--writers", "2", "--racers", "4", "--subscribers", "4", "--services", "1"]


class Loads(unittest.TestCase):
    def setUp(self):
        self.dir = Path(tempfile.mkdtemp(prefix="muon-history."))
        self.addCleanup(shutil.rmtree, self.dir)
        self.photond = Photond()
        self.addCleanup(self.photond.close)

    def command(self, photond, *arguments):
        return [HISTORY / "soak_load", "--url", photond.url, "--dir", self.dir, *arguments]

    def load(self):
        """Begins; ends by itself."""
        load = subprocess.Popen(self.command(self.photond, "--seed", "1", "--seconds", "2", *ROLES), stdout=subprocess.PIPE)
        self.addCleanup(load.stdout.close)
        self.addCleanup(load.kill)
        return load

    def wait_until(self, true, load):
        while not true():
            try:
                self.fail(f"soak_load ended with {load.wait(0.01)}")
            except subprocess.TimeoutExpired:
                pass

    def end(self, load):
        out, _ = load.communicate(timeout=LIMIT_S)
        self.assertEqual(load.returncode, 0, out)
        return json.loads(out)

    def check(self, photond):
        final = subprocess.run(self.command(photond, "--final"), stdout=subprocess.DEVNULL, timeout=LIMIT_S)
        self.assertEqual(final.returncode, 0)
        checked = subprocess.run([HISTORY / "history_check", self.dir], capture_output=True, text=True)
        return checked.returncode, checked.stdout

    def test_a_load_goes_on_when_photond_is_killed_and_its_history_is_sound(self):
        mark = self.photond.dir / "data/mark"
        before = mark.read_bytes()
        load = self.load()
        self.wait_until(lambda: mark.read_bytes() != before, load)  # a commit is acknowledged
        self.photond.kill()
        self.photond.start()
        said = self.end(load)
        self.assertEqual(said["alive"], True)
        code, out = self.check(self.photond)
        self.assertEqual(code, 0, out)
        self.assertIn("11 clients alive in the end", out)  # all but the responder

    def test_a_log_that_does_not_hold_what_was_acknowledged_is_noticed(self):
        self.end(self.load())
        another = Photond()
        self.addCleanup(another.close)
        code, out = self.check(another)
        self.assertEqual(code, 1)
        self.assertIn("lost: emit ", out)
        self.assertIn("delivered and gone: session ", out)


if __name__ == "__main__":
    sys.exit(unittest.main(verbosity=2))
