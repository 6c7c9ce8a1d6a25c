"""libmuon exports muon_* and nothing else: whatever else it exported, programs would come to depend on."""
import re
import subprocess
from pathlib import Path


def exported(library):
    listing = subprocess.run(["nm", "-D", "--defined-only", str(library)], capture_output=True, text=True, check=True)
    return [line.split()[-1].split("@")[0] for line in listing.stdout.splitlines() if line.split()[-2] != "A"]


def check(root):
    libraries = sorted(Path(root, "build/debug/sdk").glob("libmuon.so*"))
    if not libraries:
        return ["build/debug/sdk: there is no libmuon.so; run ./dev build"]
    names = exported(libraries[0])
    found = [f"libmuon exports {name}" for name in names if not re.match(r"muon_[a-z]", name)]
    if not any(name.startswith("muon_") for name in names):
        found.append("libmuon exports nothing at all")
    return found
