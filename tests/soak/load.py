"""libmuon's clients at work beside a fault, by soak_load, and the check of what they did and saw, by history_check."""
import json
import subprocess

from photond import BUILD
from promise import Broken

HISTORY = BUILD / "tests/history"
HOUR_S = 3600  # nobody waits for it: the load is ended
END_S = 300  # soak_load itself gives its clients 90 s to succeed once more
POLL_S = 0.002


class Load:
    """Runs from now on until end(). more: further flags of soak_load; env: its environment."""

    def __init__(self, url, room, *more, env=None):
        self.url, self.room, self.said = url, room, {}
        self.histories = room.dir / "histories"
        self.histories.mkdir()
        self.process = subprocess.Popen([*self.command, "--seed", str(room.seed), "--seconds", str(HOUR_S), *more],
                                        stdout=subprocess.PIPE, text=True, env=env)

    @property
    def command(self):
        return [HISTORY / "soak_load", "--url", self.url, "--dir", self.histories]

    def lasts(self, seconds):
        """Let it work for so long."""
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            return
        raise Broken(f"soak_load ended with {self.process.returncode}")

    def wait_until(self, true, limit_s, otherwise):
        for _ in range(int(limit_s / POLL_S)):
            if true():
                return
            self.lasts(POLL_S)
        raise Broken(otherwise)

    def end(self):
        """Every client has to succeed once more."""
        self.process.terminate()
        out, _ = self.process.communicate(timeout=END_S)
        if self.process.returncode != 0:
            raise Broken(f"soak_load ended with {self.process.returncode}: {out}")
        self.said = json.loads(out)
        self.room.say(out.strip())

    def check(self):
        """All that the clients saw, against the whole log."""
        final = subprocess.run([*self.command, "--final"], capture_output=True, text=True, timeout=END_S)
        if final.returncode != 0:
            raise Broken(f"the log could not be read: {final.stdout}{final.stderr}")
        checked = subprocess.run([HISTORY / "history_check", self.histories], capture_output=True, text=True)
        if checked.returncode != 0:
            raise Broken(f"history_check: {checked.stdout}{checked.stderr}")
        self.room.say(checked.stdout.strip())

    def kill(self):
        """Does nothing to one that has ended."""
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()
