"""counts.py BUILD: what the last ctest run in a build folder came to, test function by test function.

Ends with what each failed program said last, and "N passed, N failed, N skipped". A program that died, hung or is no cmocka
program counts as one test.
In CI (CI=true) a skipped test is a failure: the data that it wants must be there.
"""
import os
import re
import sys
from pathlib import Path

STEP = re.compile(r"^\d+/\d+ Test(?:ing)?: (.+)$", re.M)
LAST_LINES = 50
COUNT = r"^\[  {}\s*\] (\d+) test\(s\)"


def count(word, text):
    return sum(int(n) for n in re.findall(COUNT.format(word), text, re.M))


def programs(log):
    """(name, output) of each program in LastTest.log."""
    parts = re.split(r"^\d+/\d+ Testing: (.+)$", log, flags=re.M)
    return zip(parts[1::2], parts[2::2])


def last_words(name, text):
    """Said once more at the end, where a failure is looked for: between the two there may be a hundred tests that passed."""
    lines = text.strip().splitlines()
    print(f"---- {name}, the last of {len(lines)} lines:", *lines[-LAST_LINES:], "----", sep="\n")


def main(build):
    folder = Path(build, "Testing", "Temporary")
    log = next(iter(sorted(folder.glob("LastTest*.log"))), None)
    if log is None:
        print("counts: no test has been run in", build)
        return 1
    passed = failed = skipped = 0
    for name, text in programs(log.read_text(errors="replace")):
        ok, bad, skip = count("PASSED", text), count("FAILED", text), count("SKIPPED", text)
        died = not re.search(r"^Test Passed\.$", text, re.M)
        if died:
            last_words(name, text)
        if died and not bad:
            print(f"{name}: failed outside of any test function")
            bad = 1
        if not died and not ok and not skip:
            ok = 1
        if skip:
            for function in sorted(set(re.findall(r"^\[  SKIPPED \] ([A-Za-z_]\w*)$", text, re.M))):
                print(f"note: skipped {name}: {function}")
        passed, failed, skipped = passed + ok, failed + bad, skipped + skip
    strict = os.environ.get("CI") == "true"
    if strict and skipped:
        print("skipped tests are failures in CI")
        failed, skipped = failed + skipped, 0
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
