"""memcheck.py BUILD: the tests named in memcheck.txt, under valgrind: no invalid access, no definite or indirect leak,
in the test and in every process that it starts. Ends with "N passed, N failed"."""
import concurrent.futures
import json
import os
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
VALGRIND = ["valgrind", "--quiet", "--error-exitcode=99", "--leak-check=full", "--show-leak-kinds=definite,indirect",
            "--errors-for-leak-kinds=definite,indirect", "--trace-children=yes", "--num-callers=30", "--fair-sched=yes"]
TIMEOUT_S = 400


def chosen():
    lines = (HERE / "memcheck.txt").read_text().splitlines()
    return [line.strip() for line in lines if line.strip() and not line.startswith("#")]


def commands(build):
    """{name: (command, environment)} of every test, as ctest knows it."""
    listing = subprocess.run(["ctest", "--test-dir", build, "--show-only=json-v1"], capture_output=True, check=True)
    found = {}
    for test in json.loads(listing.stdout)["tests"]:
        properties = {item["name"]: item["value"] for item in test.get("properties", [])}
        environment = dict(item.split("=", 1) for item in properties.get("ENVIRONMENT", []))
        found[test["name"]] = (test.get("command"), environment)
    return found


def run(command, environment):
    begun = time.monotonic()
    suppressions = [f"--suppressions={path}" for path in HERE.glob("suppressions/valgrind.supp")]
    try:
        done = subprocess.run([*VALGRIND, *suppressions, *command], env={**os.environ, **environment},
                              capture_output=True, text=True, errors="replace", timeout=TIMEOUT_S)
    except subprocess.TimeoutExpired as expired:
        done = subprocess.CompletedProcess(command, -1, (expired.stdout or b"").decode(errors="replace"),
                                           f"not done after {TIMEOUT_S} s")
    return done, time.monotonic() - begun


def main(build):
    known, passed, failed = commands(build), 0, 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        runs = {name: pool.submit(run, *known[name]) for name in chosen() if name in known}
        for name in chosen():
            if name not in runs:
                print(f"FAIL  {name}: ctest knows no such test")
                failed += 1
                continue
            done, took_s = runs[name].result()
            clean = done.returncode == 0 and "==" not in done.stderr
            print(f"{'ok' if clean else 'FAIL':4}  {name} ({took_s:.0f} s)")
            if not clean:
                print(done.stdout[-4000:], done.stderr[-8000:])
            passed, failed = passed + clean, failed + (not clean)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
