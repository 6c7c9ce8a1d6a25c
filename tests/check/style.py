"""Style: what a machine can see of it. Lengths, formatting, leftovers, and what would tie the tree to one machine."""
import re
import subprocess
from pathlib import Path

from tree import c_files, files, lines, text

FUNCTION_LINES = 70
FILE_LINES = 500
README_LINES = 150

# Written in two halves, so that this file is clean by its own rule.
OPEN_MARK = re.compile(r"\b(" + "TO" "DO|FIX" "ME|XX" "X)" + r"\b")
MACHINE_PATH = re.compile(r"(^|[^A-Za-z0-9_.-])/(work|root|farm|home)/")
SLEEP = re.compile(r"\b(u|nano)?sleep\(")
MAIN_ONLY = re.compile(r"^(bench|examples|tests)/")  # programs there need no header of their own
MADE_BY_TOOLS = re.compile(r"(^|/)package-lock\.json$|go\.sum$|^LICENSE$")


def check_functions(root, name):
    """As clang-format leaves it, a function's body begins with a "{" and ends with a "}" in the first column."""
    begin = None
    for number, line in lines(root, name):
        if line == "{":
            begin = number
        elif line.startswith("}") and begin:
            if number - begin - 1 > FUNCTION_LINES:
                yield f"{name}:{begin}: a function of {number - begin - 1} lines; {FUNCTION_LINES} at most"
            begin = None


def has_header(root, name):
    """Its own; or, for a module of several files (codec-emit.c), the module's (codec.h); or libmuon's public one.
    Programs need none."""
    folder, stem = name[:-2].rpartition("/")[::2]
    own = [Path(root, folder, f"{part}.h") for part in (stem, re.split("[-_]", stem)[0])]
    public = name.startswith("sdk/") and "#include <muon/muon.h>" in text(root, name)
    return any(path.exists() for path in own) or public or MAIN_ONLY.match(name) \
        or re.search(r"^(int )?main\(", text(root, name) or "", re.M)


def check_sleep(root, name):
    for number, line in lines(root, name):
        if SLEEP.search(line):
            yield f"{name}:{number}: a test that sleeps; wait for what it waits for"


def check_c(root, name):
    length = len(lines(root, name)) - 1
    if length > FILE_LINES:
        yield f"{name}: {length} lines; {FILE_LINES} at most"
    if name.endswith(".c") and not has_header(root, name):
        yield f"{name}: has no header {name[:-2]}.h"
    if name.startswith("tests/"):
        yield from check_sleep(root, name)
    yield from check_functions(root, name)


def check_text(root, name):
    if MADE_BY_TOOLS.search(name):
        return
    for number, line in lines(root, name):
        if line != line.rstrip():
            yield f"{name}:{number}: white space at the end of the line"
        if OPEN_MARK.search(line):
            yield f"{name}:{number}: something is left open: {line.strip()}"
        if MACHINE_PATH.search(line):
            yield f"{name}:{number}: a path of one machine: {line.strip()}"
    content = text(root, name)
    if content and not content.endswith("\n"):
        yield f"{name}: does not end with a new line"


def check_format(root):
    sources = c_files(root)
    if not sources:
        return []
    run = subprocess.run(["clang-format", "--dry-run", "--Werror", *sources], cwd=root, capture_output=True, text=True)
    if run.returncode == 0:
        return []
    where = dict(reversed(re.findall(r"^(\S+):(\d+):\d+: error: code should be clang-formatted", run.stderr, re.M)))
    return [f"{name}:{number}: not as clang-format has it, from here on; run ./dev fmt"
            for name, number in sorted(where.items())] or [run.stderr.strip()]


def check(root):
    found = []
    for name in c_files(root):
        found += check_c(root, name)
    for name in files(root):
        found += check_text(root, name)
    readme = Path(root, "README.md")
    if readme.exists() and len(readme.read_text().splitlines()) >= README_LINES:
        found.append(f"README.md: must stay under {README_LINES} lines")
    return found + check_format(root)
