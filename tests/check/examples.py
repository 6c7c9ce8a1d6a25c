"""./dev test, stage "examples": each program in examples/ is compiled as a user would compile it, against the installed
libmuon and with pkg-config. (ctest runs them; tests/CMakeLists.txt and examples/CMakeLists.txt say how.)
Ends with "N passed, N failed"."""
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FLAGS = ["-std=c11", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Werror"]


def pkg_config(what):
    return subprocess.run(["pkg-config", what, "muon"], capture_output=True, text=True, check=True).stdout.split()


def main():
    passed = failed = 0
    for source in sorted(ROOT.glob("examples/*.c")):
        with tempfile.NamedTemporaryFile() as program:
            run = subprocess.run(["cc", *FLAGS, *pkg_config("--cflags"), str(source), "-o", program.name,
                                  *pkg_config("--libs")], capture_output=True, text=True)
        print(f"{'FAIL' if run.returncode else 'ok':4}  {source.name}", run.stderr)
        passed, failed = passed + (run.returncode == 0), failed + (run.returncode != 0)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
