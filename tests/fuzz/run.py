"""./dev fuzz [TARGET...]: any bytes to everything that reads from outside (tests/fuzz), with libFuzzer.

  TARGET...        these (fuzz_event or event); without: all
  --seconds N      of each; 60 if not given
  --list           the targets

What a target found interesting stays in build/fuzzing/corpus and is begun with the next time. An input that breaks something is kept in
build/fuzzing/crashes, and the command that repeats it is shown. Ends with "N passed, N failed"."""
import argparse
import os
import re
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / "build/fuzz/tests/fuzz"
CORPUS, CRASHES = ROOT / "build/fuzzing/corpus", ROOT / "build/fuzzing/crashes"
SUPPRESSIONS = ROOT / "tests/check/suppressions/lsan.supp"
INPUT_BYTES_MAX, STUCK_S, EXTRA_S = 16384, 30, 300
ENVIRONMENT = {**os.environ, "LSAN_OPTIONS": f"print_suppressions=0:suppressions={SUPPRESSIONS}"}


def targets():
    return re.findall(r"^muon_fuzz\((\w+)", (ROOT / "tests/fuzz/CMakeLists.txt").read_text(), re.M)


def chosen(names):
    known = targets()
    wanted = [name if name.startswith("fuzz_") else f"fuzz_{name}" for name in names]
    for name in wanted:
        if name not in known:
            sys.exit(f"fuzz: there is no target {name}; known are {', '.join(known)}")
    return wanted or known


def command(target, *arguments):
    return [str(BUILD / target), f"-max_len={INPUT_BYTES_MAX}", f"-timeout={STUCK_S}", "-print_final_stats=1",
            f"-artifact_prefix={CRASHES / target}.", *arguments]


def found(log):
    """(runs, edges covered) as libFuzzer told them last."""
    runs = re.findall(r"number_of_executed_units: (\d+)|^#(\d+)\s", log, re.M)
    edges = re.findall(r"cov: (\d+)", log)
    return int(max(runs[-1], key=len)) if runs else 0, int(edges[-1]) if edges else 0


def run(target, seconds):
    """True: nothing was broken."""
    corpus = CORPUS / target
    log, begun = ROOT / f"build/fuzzing/{target}.log", time.monotonic()
    with log.open("w") as out:
        process = subprocess.Popen(command(target, f"-max_total_time={seconds}", str(corpus)), cwd=ROOT, env=ENVIRONMENT,
                                   stdout=out, stderr=subprocess.STDOUT)
        try:
            rc = process.wait(seconds + EXTRA_S)
        except subprocess.TimeoutExpired:
            process.kill()
            rc = "stuck"
    said = log.read_text(errors="replace")
    runs, edges = found(said)
    print(f"{'FAIL' if rc else 'ok':4}  {target:14} {time.monotonic() - begun:6.0f} s  {runs:12,} runs  {edges:6,} edges  "
          f"{len(list(corpus.iterdir())):6,} inputs", flush=True)
    if rc:
        kept = re.findall(r"Test unit written to (\S+)", said)
        print("\n".join(f"      | {line}" for line in said.splitlines()[-60:]))
        print(f"      to repeat: {BUILD.relative_to(ROOT)}/{target} {kept[-1] if kept else corpus}")
    return not rc


def main():
    parser = argparse.ArgumentParser(prog="./dev fuzz", usage=__doc__, add_help=False)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--help", action="store_true")
    options = parser.parse_args()
    if options.help or options.list:
        print(__doc__ if options.help else "\n".join(targets()))
        return 0
    wanted = chosen(options.names)
    CRASHES.mkdir(parents=True, exist_ok=True)
    subprocess.run([BUILD / "seeds", CORPUS], check=True)
    results = [run(target, options.seconds) for target in wanted]
    print(f"{sum(results)} passed, {len(results) - sum(results)} failed")
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
