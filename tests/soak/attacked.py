"""A photond whose directory is attacked: it may refuse to start, or end in the midst, and then says why."""
import os
import random
import re
import signal
import subprocess
import threading

from photond import PHOTOND
from promise import Broken

ADDRESS_IN_USE = 5
STOP_S = 120


class Attacked:
    """start() says whether it serves; `said` is all that it wrote, `code` its exit status once it has ended."""

    def __init__(self, data, *flags, **environment):
        self.data, self.flags, self.environment = data, flags, environment
        self.port, self.process, self.said = 0, None, ""

    def start(self):
        for port in [self.port] if self.port else random.sample(range(20000, 30000), 20):
            if self.start_at(port):
                self.port = port
                return True
            if self.code != ADDRESS_IN_USE:
                return False
        raise RuntimeError("no port is free")

    def start_at(self, port):
        self.said = ""
        self.process = subprocess.Popen(
            [PHOTOND, "--data-dir", self.data, "--listen", f"127.0.0.1:{port}", "--log-format", "json", *self.flags],
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, errors="replace",
            env={"PATH": "/usr/bin:/bin", "LC_ALL": "C", **self.environment})
        self.ready = threading.Event()
        self.reader = threading.Thread(target=self.listen, daemon=True)
        self.reader.start()
        self.ready.wait()
        return self.is_ready

    def listen(self):
        self.is_ready = False
        for line in self.process.stderr:
            self.said += line
            if re.search(r'"ready"', line):
                self.is_ready = True
                self.ready.set()
        self.process.wait()
        self.ready.set()

    @property
    def code(self):
        """None: it runs."""
        self.process.poll()
        return self.process.returncode

    def kill(self):
        """Does nothing to one that has ended, or never began."""
        if self.process:
            self.process.kill()
            self.reader.join()

    def stop(self):
        """As an operator does; its exit status."""
        self.process.send_signal(signal.SIGTERM)
        self.reader.join(STOP_S)
        if self.reader.is_alive():
            self.kill()
            raise Broken(f"photond did not stop within {STOP_S} s")
        return self.code

    @property
    def url(self):
        return f"muon+insecure://127.0.0.1:{self.port}"


def verify(data):
    """The exit status of `photond verify`, and what it says."""
    done = subprocess.run([PHOTOND, "verify", "--data-dir", data], capture_output=True, text=True, errors="replace",
                          env={**os.environ, "LC_ALL": "C"})
    return done.returncode, done.stdout + done.stderr
