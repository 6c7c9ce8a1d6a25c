"""./dev coverage: how much of store/, wire/, bus/ and sdk/ the tests run, by gcov, after the tests of the preset `coverage` have run.

  --lines NAME...  the lines and branches of these files that no test reached, too

Of branches those count that the source decides: what an assert does when it fails is no branch (it is there never to be taken). A
branch counts as reached when both ways were gone. Then the commit path, file by file, with what was not reached; what is not named (LEFT) makes the
exit code 1."""
import argparse
import collections
import json
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / "build/coverage"
FOLDERS = ["store", "wire", "bus", "sdk"]
COMMIT_PATH = [f"store/{stem}.c" for stem in ("emit", "emit_stream", "submission", "lane", "commit", "down", "durable", "answers", "sequence",
                                              "builder", "ids", "heads", "log", "wal", "ack")]
NEVER_TAKEN = re.compile(r"\bassert\(|\babort\(|__builtin_unreachable")

# What of the commit path no test reaches, and why: (file, the line that has the branch, reason). docs/testing.md shows it.
LEFT = [
    ("store/heads.c", "else if (!key_extent_read(log_iter_key(iter), &name, &version) || !text_equal(name, stream))",
     "between two keys of one stream there is none of another; it is looked at all the same"),
]


class File:
    """Lines and branches: how often each was reached, added up over all objects that have it."""

    def __init__(self):
        self.lines, self.branches = collections.Counter(), {}

    def add(self, line):
        number = line["line_number"]
        self.lines[number] += line["count"]
        counts = [branch["count"] for branch in line["branches"]]
        known = self.branches.setdefault(number, counts)
        if known is not counts and len(known) == len(counts):
            self.branches[number] = [a + b for a, b in zip(known, counts)]


def read(data):
    """What gcov says about one object."""
    run = subprocess.run(["gcov", "--json-format", "--stdout", "--branch-probabilities", data.name], cwd=data.parent, capture_output=True,
                         text=True, check=True)
    return [json.loads(line)["files"] for line in run.stdout.splitlines() if line]


def measured():
    """{name: File} of the product's own sources."""
    files = collections.defaultdict(File)
    notes = [path for folder in FOLDERS for path in (BUILD / folder).rglob("*.gcno")]
    if not notes:
        sys.exit("coverage: nothing was built; run ./dev coverage")
    with ThreadPoolExecutor() as pool:
        for parts in pool.map(read, notes):
            for part in (one for some in parts for one in some):
                path = (ROOT / part["file"]).resolve()
                if path.is_relative_to(ROOT) and path.relative_to(ROOT).parts[0] in FOLDERS:
                    for line in part["lines"]:
                        files[str(path.relative_to(ROOT))].add(line)
    for name, file in files.items():
        source = (ROOT / name).read_text().splitlines()
        file.branches = {number: counts for number, counts in file.branches.items()
                         if counts and not NEVER_TAKEN.search(source[number - 1])}
    return dict(files)


def share(reached, there):
    return f"{reached:6,} of {there:6,}  {100 * reached / there if there else 100:5.1f} %"


def sums(files):
    lines = [count for file in files for count in file.lines.values()]
    branches = [count for file in files for counts in file.branches.values() for count in counts]
    return share(sum(map(bool, lines)), len(lines)), share(sum(map(bool, branches)), len(branches))


def table(title, groups):
    print(f"{title:24} {'lines':^24}  {'branches':^24}")
    for name, files in groups:
        print("{:24} {:>24}  {:>24}".format(name, *sums(files)))
    print()


def unreached(name, file):
    """Each line of a file that was not reached at all, or of which a branch was not."""
    source = (ROOT / name).read_text().splitlines()
    for number in sorted(file.lines):
        if not file.lines[number]:
            yield f"{name}:{number}: never reached: {source[number - 1].strip()}"
        elif not all(file.branches.get(number, [True])):
            missing = [index + 1 for index, count in enumerate(file.branches[number]) if not count]
            yield f"{name}:{number}: branch {', '.join(map(str, missing))} of {len(file.branches[number])}: {source[number - 1].strip()}"


def left_rows():
    return ["| {} | `{}` | {} |".format(file, line.replace("|", "\\|"), reason) for file, line, reason in LEFT]


def check(root):
    """The document names what is left, and each of it is there."""
    shown = [line for line in Path(root, "docs/testing.md").read_text().split("\n") if line in left_rows()]
    found = [] if shown == left_rows() else ["docs/testing.md: what no test reaches should be:", *left_rows()]
    for file, line, _ in LEFT:
        stripped = [text.strip() for text in Path(root, file).read_text().splitlines()]
        if stripped.count(line) != 1:
            found.append(f"{file}: what no test reaches is there not exactly once: {line}")
    return found


def main():
    parser = argparse.ArgumentParser(prog="./dev coverage", usage=__doc__, add_help=False)
    parser.add_argument("--lines", nargs="*", default=[])
    options = parser.parse_args()
    files = measured()
    table("folder", [(folder, [file for name, file in files.items() if name.startswith(f"{folder}/")]) for folder in FOLDERS]
          + [("all", list(files.values())), ("the commit path", [files[name] for name in COMMIT_PATH])])
    table("the commit path", [(name, [files[name]]) for name in COMMIT_PATH])
    unnamed = 0
    for name in dict.fromkeys(COMMIT_PATH + options.lines):
        for line in unreached(name, files[name]):
            named = any(line.startswith(f"{file}:") and line.endswith(f": {text}") for file, text, _ in LEFT)
            unnamed += name in COMMIT_PATH and not named
            print(f"{line}{'  (named)' if named else ''}")
    print(f"{unnamed} lines of the commit path with a branch that no test reaches and nobody has named" if unnamed else
          "Of the commit path all branches are reached, but for those that are named.")
    return 1 if unnamed else 0


if __name__ == "__main__":
    sys.exit(main())
