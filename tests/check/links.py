"""Links between documents, and from them into the tree: what they point at is there."""
import re
from pathlib import Path

from tree import files, lines

LINK = re.compile(r"\]\(([^)\s]+)\)")


def check(root):
    found = []
    for name in files(root):
        if not name.endswith(".md"):
            continue
        for number, line in lines(root, name):
            for target in LINK.findall(line):
                path = target.split("#")[0]
                if path and "://" not in path and not Path(root, name).parent.joinpath(path).exists():
                    found.append(f"{name}:{number}: links to {target}, which is not there")
    return found
