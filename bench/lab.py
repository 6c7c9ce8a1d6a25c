"""What the measurements are made with: programs that print JSON, servers that are started and ended, certificates,
alternating rounds, and the table of ratios."""
import json
import os
import shutil
import signal
import statistics
import subprocess
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build" / "release"
STORE_OPENS_WITHIN_S = 60


def program(name):
    path = BUILD / ("store" if name == "photond" else "bench") / name
    if not path.exists():
        raise SystemExit(f"bench: {path.relative_to(ROOT)} is missing; ./dev build release makes it")
    return str(path)


def arguments(args):
    return [f"{name}={value}" for name, value in args.items() if value is not None]


def results(text):
    """The last object a program printed, with those before it as its series."""
    lines = [json.loads(line) for line in text.splitlines() if line.startswith("{")]
    return {**lines[-1], "series": lines[:-1]}


def run(name, **args):
    done = subprocess.run([program(name), *arguments(args)], stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"bench: failed: {name} {' '.join(arguments(args))}")
    return results(done.stdout)


class Held:
    """A program that runs until it is let go: it says "ready" and waits for the end of its input."""

    def __init__(self, name, ready=True, **args):
        self.process = subprocess.Popen([program(name), *arguments(args)], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE if ready else subprocess.DEVNULL, text=True)
        lines = []
        while ready:
            line = self.process.stdout.readline()
            if line == "ready\n":
                break
            if not line:
                raise SystemExit(f"bench: failed: {name} {' '.join(arguments(args))}")
            lines.append(line)
        self.said = results("".join(lines)) if lines else {}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()


def rss_mb(pid, kind="VmRSS"):
    """Resident memory; kind RssAnon: without the pages of files, which LevelDB maps and the system takes back at need."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(kind + ":"):
            return int(line.split()[1]) * 1024 / 1e6
    raise SystemExit(f"bench: process {pid} is gone")


def cpu_s(pid):
    """What it has computed so far, in seconds."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Photond:
    """A photond on a directory; left with SIGKILL, so what is measured next opens what a crash leaves."""

    def __init__(self, lab, name, tls=False, fresh=True):
        self.lab, self.dir, self.tls = lab, lab.dir / name, tls
        if fresh:
            shutil.rmtree(self.dir, ignore_errors=True)
        port_file = lab.dir / f"{name}.port"
        port_file.unlink(missing_ok=True)
        command = [program("photond"), "--data-dir", self.dir, "--listen", "127.0.0.1:0", "--port-file", port_file]
        if tls:
            command += ["--tls-cert", lab.cert["cert"], "--tls-key", lab.cert["key"],
                        "--tls-client-ca", lab.cert["ca"]]
        self.log = open(lab.dir / f"{name}.log", "w")
        begun = time.monotonic()
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)
        self.target = self._wait(port_file)
        self.opened_s = time.monotonic() - begun

    def _wait(self, port_file):
        until = time.monotonic() + STORE_OPENS_WITHIN_S
        while time.monotonic() < until and self.process.poll() is None:
            if port_file.exists() and (text := port_file.read_text()).endswith("\n"):
                return text.split()[0]
            time.sleep(0.002)
        raise SystemExit(f"bench: photond did not come up; its words: {self.log.name}")

    @property
    def wire(self):
        return {"target": self.target, **(self.lab.cert if self.tls else {})}

    @property
    def sdk(self):
        scheme = "muon" if self.tls else "muon+insecure"
        return {"url": f"{scheme}://{self.target}", **(self.lab.cert if self.tls else {})}

    def rss_mb(self, kind="VmRSS"):
        return rss_mb(self.process.pid, kind)

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.log.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.kill()


class Grpc(Held):
    """A server of gRPC core alone."""

    def __init__(self, lab, tls=False):
        cert = lab.cert if tls else {}
        super().__init__("bench_grpc", verb="serve", **cert)
        self.args = {"target": f"127.0.0.1:{self.said['port']}", **cert}


class Lab:
    def __init__(self, directory, rounds, quick):
        self.dir, self.rounds, self.quick = Path(directory), rounds, quick
        shutil.rmtree(self.dir, ignore_errors=True)
        self.dir.mkdir(parents=True)
        self.cert = certificates(self.dir)
        self.rows = []

    def size(self, full, quick):
        return quick if self.quick else full

    def alternate(self, competitors, rounds=None):
        """Each competitor once a round; the medians of what they report, by competitor. What one has left for the disk to do is
        not charged to the next."""
        reports = {name: [] for name in competitors}
        for _ in range(rounds or self.rounds):
            for name, compete in competitors.items():
                os.sync()
                reports[name].append(compete())
        return {name: {key: statistics.median(report[key] for report in list_)
                       for key, value in list_[0].items() if isinstance(value, (int, float))}
                for name, list_ in reports.items()}

    def row(self, what, ours, beside, ratio, must=None, at_most=False):
        """must: the ratio (or figure) to reach; at_most: or to stay under."""
        verdict = "" if must is None else "yes" if (ratio <= must if at_most else ratio >= must) else "NO"
        bound = "" if must is None else f"{'≤' if at_most else '≥'} {must:g}"
        self.rows.append({"what": what, "ours": ours, "beside": beside, "ratio": ratio, "must": bound,
                          "reached": verdict})
        print(f"| {what} | {ours} | {beside} | {ratio:.3g} | {bound} | {verdict} |", flush=True)

    def head(self, title):
        print(f"\n### {title}\n\n| measure | photond | beside | ratio | must | reached |\n|---|---|---|---|---|---|",
              flush=True)

    def end(self):
        (self.dir.parent / "results.json").write_text(json.dumps(self.rows, indent=1, ensure_ascii=False) + "\n")
        shutil.rmtree(self.dir, ignore_errors=True)
        missed = [row["what"] for row in self.rows if row["reached"] == "NO"]
        print(f"\n{len(self.rows)} measures; not reached: {len(missed)}")
        for what in missed:
            print(f"  {what}")


def certificates(directory):
    """A CA and one certificate for both ends, which name 127.0.0.1."""
    def openssl(*args):
        subprocess.run(["openssl", *map(str, args)], check=True, capture_output=True)

    ca, ca_key, cert, key, request, names = (directory / name for name in (
        "ca.pem", "ca.key", "cert.pem", "key.pem", "request.pem", "names"))
    curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    os.umask(0o077)
    openssl("req", "-x509", *curve, "-keyout", ca_key, "-out", ca, "-days", 30, "-subj", "/CN=bench CA")
    openssl("req", "-new", *curve, "-keyout", key, "-out", request, "-subj", "/CN=bench")
    names.write_text("subjectAltName=IP:127.0.0.1,DNS:localhost\n")
    openssl("x509", "-req", "-in", request, "-CA", ca, "-CAkey", ca_key, "-CAcreateserial", "-days", 30,
            "-extfile", names, "-out", cert)
    return {"ca": str(ca), "cert": str(cert), "key": str(key)}
