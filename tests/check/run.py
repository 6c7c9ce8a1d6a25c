"""./dev check: every checker, one line each. Ends with "N passed, N failed"."""
import sys
from pathlib import Path

import borders
import buf
import contract
import coverage
import links
import mutations
import rules
import selftest
import style
import suppressions
import symbols

ROOT = Path(__file__).resolve().parents[2]

CHECKERS = [
    ("borders between the folders", borders),
    ("style", style),
    ("links between documents", links),
    ("exported symbols", symbols),
    ("the contract is documented and plain", contract),
    ("the contract: buf lint, buf breaking", buf),
    ("numbered rules and their tests", rules),
    ("suppressions have reasons", suppressions),
    ("planted mutations and their document", mutations),
    ("what no test reaches is named", coverage),
    ("the checkers themselves", selftest),
]


def main():
    passed = failed = 0
    for name, checker in CHECKERS:
        found = checker.check(ROOT)
        print(f"{'FAIL' if found else 'ok':4}  {name}")
        for violation in found:
            print(f"      {violation}")
        passed, failed = passed + (not found), failed + bool(found)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
