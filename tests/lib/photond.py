"""A photond of a test's own, and the muon command line run against it. MUON_BUILD is the build that is tested."""
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("MUON_BUILD", ROOT / "build/debug"))
PHOTOND, MUON = BUILD / "store/photond", BUILD / "cli/muon"
LIMIT_S = 150
ADDRESS_IN_USE = 5  # photond's exit code


class Photond:
    """Starts photond in a directory of its own, in plain text or with what `photond init` has made; knows how to kill it.

    Its port is below those that the system gives to outgoing connections: while photond is down, nobody gets it by chance.
    host is its address; within is put before its command, as what leads into another network."""

    def __init__(self, tls=False, *flags, home=None, env=None, start=True, host="127.0.0.1", within=()):
        """home: a directory to be used; env: more for its environment; start: or it is started by whoever wants it."""
        self.dir = Path(home or tempfile.mkdtemp(prefix="muon-test."))
        self.dir.mkdir(exist_ok=True)
        self.tls, self.flags, self.port, self.process, self.words = tls, list(flags), 0, None, ""
        self.env, self.host, self.within = env or {}, host, list(within)
        if tls:
            subprocess.run([PHOTOND, "init", self.dir / "init", "--name", host], check=True, capture_output=True)
        if start:
            self.start()

    def start(self):
        """Returns when its log says that it is ready. A second start takes the port of the first."""
        for port in [self.port] if self.port else random.sample(range(20000, 30000), 20):
            said = self.start_at(port)
            if self.port:
                return
            if self.process.wait() != ADDRESS_IN_USE:
                break
        raise RuntimeError("photond did not start:\n" + said)

    def start_at(self, port):
        """Sets self.port and self.ready, the line that says so, once it is ready; returns what it said."""
        where = ["--config", self.dir / "init/photond.conf"] if self.tls else ["--data-dir", self.dir / "data"]
        self.process = subprocess.Popen([*self.within, PHOTOND, *where, "--listen", f"{self.host}:{port}", *self.flags],
                                        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
                                        env={**os.environ, **self.env})
        said, self.port = "", 0
        for line in self.process.stderr:
            said += line
            if re.search(r'"ready"', line):
                self.port, self.ready = port, line
                self.reader = threading.Thread(target=self.listen, args=(self.process.stderr,), daemon=True)
                self.reader.start()  # so that it never waits for us
                break
        return said

    def listen(self, stderr):
        for line in stderr:
            self.words = self.words[-4000:] + line

    def kill(self):
        """SIGKILL; does nothing to one that is dead."""
        self.process.kill()
        self.process.wait()
        self.reader.join()
        self.process.stderr.close()

    def pause(self):
        self.process.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, self.process.pid, os.WSTOPPED)  # all of its threads

    def proceed(self):
        self.process.send_signal(signal.SIGCONT)

    @property
    def data(self):
        return self.dir / ("init/data" if self.tls else "data")

    @property
    def url(self):
        return f"muon{'' if self.tls else '+insecure'}://{self.host}:{self.port}"

    @property
    def environment(self):
        """No setting of the machine's own is seen by the program under test."""
        return {"PATH": f"{BUILD / 'cli'}:/usr/bin:/bin", "HOME": str(self.dir), "MUON_URL": self.url,
                "MUON_CERTS": str(self.dir / "init") if self.tls else "",
                "TERM": "xterm", "LC_ALL": "C.UTF-8",
                "TSAN_OPTIONS": os.environ.get("TSAN_OPTIONS", ""), "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", ""),
                "LSAN_OPTIONS": os.environ.get("LSAN_OPTIONS", "")}

    def muon(self, *arguments, stdin=b"", **environment):
        """Run it to its end; returns what subprocess.run returns, in bytes."""
        return subprocess.run([MUON, *arguments], input=stdin, capture_output=True, timeout=LIMIT_S,
                              env={**self.environment, **environment})

    def spawn(self, *arguments, **streams):
        return subprocess.Popen([MUON, *arguments], env=self.environment, **streams)

    def events(self, stream="__all__"):
        out = self.muon("replay", stream, "-r").stdout
        return [json.loads(line) for line in out.splitlines()]

    def close(self):
        if self.process.poll() not in (None, 0, -signal.SIGKILL):
            print(f"photond had ended with {self.process.returncode}; its last words:\n{self.words}", file=sys.stderr)
        self.proceed()
        self.kill()
        shutil.rmtree(self.dir)
