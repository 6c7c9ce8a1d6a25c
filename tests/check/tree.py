"""The tree as the checkers see it: its files, and what they hold. A checker is a module with check(root), which
returns one line for each violation; run.py runs them all, selftest.py shows that each can fail."""
import subprocess
from functools import lru_cache
from pathlib import Path

IGNORED = {".git", "build", "node_modules", "__pycache__", ".cache"}


@lru_cache(maxsize=None)
def files(root):
    """All files of the project: what git knows or would add; without git, what is there."""
    git = ["git", "-c", "safe.directory=*", "-C", str(root)]
    listing = subprocess.run([*git, "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
                             capture_output=True, text=True)
    if listing.returncode == 0:
        names = [name for name in listing.stdout.split("\0") if name]
    else:
        names = [str(path.relative_to(root)) for path in Path(root).rglob("*")
                 if not IGNORED & set(path.relative_to(root).parts)]
    return sorted({name for name in names if Path(root, name).is_file()})


@lru_cache(maxsize=None)
def text(root, name):
    """The text of a file, or None when it is not text."""
    data = Path(root, name).read_bytes()
    if b"\0" in data:
        return None
    return data.decode("utf-8", errors="replace")


def lines(root, name):
    """(number, line) of a text file, counted from 1."""
    return list(enumerate((text(root, name) or "").split("\n"), 1))


def c_files(root, *folders):
    """The C sources and headers below some folders, or all."""
    return [name for name in files(root) if name.endswith((".c", ".h"))
            and (not folders or name.split("/")[0] in folders)]
