"""Suppressions of sanitizers and valgrind: each entry has its reason, as a comment above it. Their number is printed
by ./dev test, so that nobody adds one unseen."""
import sys
from pathlib import Path

FOLDER = "tests/check/suppressions"


def entries(path):
    """(number, has a reason) of each entry: a line in the sanitizers' files, a block in braces in valgrind's."""
    above, inside = "", False
    for number, line in enumerate(path.read_text().splitlines(), 1):
        line = line.strip()
        if inside:
            inside = line != "}"
        elif line.startswith("#"):
            above = line
            continue
        elif line:
            yield number, len(above) > 20
            inside = line == "{"
        above = above if inside else ""


def check(root):
    found = []
    for path in sorted(Path(root, FOLDER).glob("*.supp")):
        found += [f"{FOLDER}/{path.name}:{number}: a suppression without its reason"
                  for number, reason in entries(path) if not reason]
    return found


def count(root):
    return sum(len(list(entries(path))) for path in Path(root, FOLDER).glob("*.supp"))


if __name__ == "__main__" and sys.argv[1:] == ["--count"]:
    print(count(Path(__file__).resolve().parents[2]))
