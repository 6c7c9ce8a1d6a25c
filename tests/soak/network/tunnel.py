"""A network of a test's own, made by net_tunnel: whoever is at one of its ends reaches the store at the first end, and nothing else."""
import subprocess

from photond import BUILD
from promise import Skipped

PROGRAM = BUILD / "tests/soak/network/net_tunnel"
NOTHING = {"delay": 0, "jitter": 0, "lost": 0, "twice": 0, "spared": 0, "reset": 0}
BOTH = ("up", "down")  # up: to the store


class Tunnel:
    """With so many ends beside the store's. Ends are numbered from 1; 0 is the store's."""

    def __init__(self, ends, seed):
        self.process = subprocess.Popen([PROGRAM, str(ends + 1), str(seed)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.spaces = []
        for _ in range(ends + 1):
            line = self.process.stdout.readline().strip()
            if not line.isdigit():
                self.close()
                raise Skipped(f"this machine does not give us {line or 'a network'}")
            self.spaces.append(line)

    host = "10.77.0.1"  # the store's

    def at(self, end):
        """What to put before a command so that it runs there."""
        return ["nsenter", f"--net=/proc/{self.process.pid}/fd/{self.spaces[end]}"]

    def befall(self, end, ways=BOTH, **fault):
        """From now on: delay and jitter in ms, lost, twice and spared in a thousand, reset; nothing: all is well. Returns how many packets
        have met with something there so far."""
        values, met = {**NOTHING, **fault}, 0
        for way in ways:
            self.process.stdin.write(" ".join([str(end), way, *(str(values[name]) for name in NOTHING)]) + "\n")
            self.process.stdin.flush()
            word, _, count = self.process.stdout.readline().partition(" ")
            if word != "ok":
                raise RuntimeError("net_tunnel has ended")
            met += int(count)
        return met

    def heal(self, end):
        return self.befall(end)

    def close(self):
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()
