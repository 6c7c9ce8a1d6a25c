"""./dev clients: stock gRPC clients of other languages against one photond, over mutual TLS. A language that is not
installed is left out, with a note. Ends with "N passed, N failed"."""
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
DESCRIPTORS = ROOT / "build/debug/protos/gen/muon.pb"
GO = {**os.environ, "GOTOOLCHAIN": "local", "GOFLAGS": "-mod=readonly"}
START_S, STOP_S, CLIENT_S = 60, 60, 400


class Photond:
    """A photond of one's own: certificates by `photond init`, a port that was free."""

    def __init__(self, folder):
        self.folder, self.tls = Path(folder), Path(folder, "store/tls")
        subprocess.run(["photond", "init", str(self.folder / "store")], check=True, stdout=subprocess.DEVNULL)
        self.log = open(self.folder / "photond.log", "w")
        self.process = subprocess.Popen(
            ["photond", "--config", str(self.folder / "store/photond.conf"), "--listen=127.0.0.1:0",
             f"--port-file={self.folder / 'port'}"], stdout=self.log, stderr=self.log)

    def address(self):
        until = time.monotonic() + START_S
        while not (self.folder / "port").exists():
            if self.process.returncode is not None or time.monotonic() > until:
                raise SystemExit(f"photond did not start:\n{(self.folder / 'photond.log').read_text()}")
            try:
                self.process.wait(0.02)
            except subprocess.TimeoutExpired:
                pass
        return "localhost:" + (self.folder / "port").read_text().split()[0].rsplit(":", 1)[1]

    def stop(self):
        """Its exit status."""
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return "killed: it did not stop"


def npm_ci(folder):
    lock, done = folder / "package-lock.json", folder / "node_modules/.package-lock.json"
    if not done.exists() or done.stat().st_mtime < lock.stat().st_mtime:
        subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"], cwd=folder, check=True)


def go_is_new_enough():
    if not shutil.which("go"):
        return False
    version = subprocess.run(["go", "env", "GOVERSION"], env=GO, capture_output=True, text=True).stdout
    return tuple(map(int, re.findall(r"\d+", version)[:2])) >= (1, 25)


def clients(address, tls):
    """The command of each client that can run here."""
    npm_ci(HERE / "node")
    yield ["node", str(HERE / "node/test.js"), address, str(tls)]
    yield [sys.executable, str(HERE / "python/test.py"), address, str(tls), str(DESCRIPTORS)]
    if go_is_new_enough():
        program = ROOT / "build/go-client"
        subprocess.run(["go", "build", "-o", str(program), "."], cwd=HERE / "go", env=GO, check=True)
        yield [str(program), address, str(tls), str(DESCRIPTORS)]
    else:
        print("note: the Go client is left out: there is no Go from 1.25 on")


def run_client(command):
    """(passed, failed), after its output has been printed."""
    try:
        run = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=CLIENT_S)
        output = run.stdout
    except subprocess.TimeoutExpired as late:
        output = (late.stdout or b"").decode() + f"not done after {CLIENT_S} s\n"
    counts = re.findall(r"^(\d+) passed, (\d+) failed$", output, re.M)
    print(re.sub(r"^\d+ passed, \d+ failed\n", "", output, flags=re.M), end="")
    return map(int, counts[-1]) if counts else (0, 1)


def main():
    passed = failed = 0
    with tempfile.TemporaryDirectory() as folder:
        photond = Photond(folder)
        try:
            address = photond.address()
            for command in clients(address, photond.tls):
                ok, bad = run_client(command)
                passed, failed = passed + ok, failed + bad
        finally:
            status = photond.stop()
        print(f"{'FAIL' if status else 'ok':4}  photond ends in order")
        passed, failed = passed + (not status), failed + bool(status)
        if failed:
            print((photond.folder / "photond.log").read_text()[-6000:])
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
