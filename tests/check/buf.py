"""The contract by buf's rules: lint STANDARD, and nothing that breaks a client of the golden image, which is the
contract as it was last released (golden/README.md)."""
import os
import subprocess
from pathlib import Path

HERE = "tests/check/buf"
GOLDEN = "tests/check/golden/muon-v1.binpb"


def program_of(root):
    """buf's own, for this system; None: npm could not fetch it, which it calls optional and does not tell."""
    return next(Path(root, HERE, "node_modules/@bufbuild").glob("buf-linux-*/bin/buf"), None)


def install(root):
    """npm ci, when node_modules is not what the lock file says."""
    folder = Path(root, HERE)
    lock, done = folder / "package-lock.json", folder / "node_modules/.package-lock.json"
    if program_of(root) and done.exists() and done.stat().st_mtime >= lock.stat().st_mtime:
        return
    subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"], cwd=folder, check=True)


def buf(root, *arguments, protos="protos"):
    environment = {**os.environ, "BUF_CACHE_DIR": str(Path(root, "build/buf-cache"))}
    program = program_of(root)
    if not program:
        return [f"{HERE}: npm could not fetch buf's program for this system: run `npm ci` there, without --silent"]
    run = subprocess.run([str(program), arguments[0], protos, *arguments[1:]],
                         cwd=root, env=environment, capture_output=True, text=True)
    return [] if run.returncode == 0 else (run.stdout + run.stderr).strip().splitlines() or ["buf failed"]


def check(root, protos="protos"):
    install(root)
    return buf(root, "lint", protos=protos) + buf(root, "breaking", "--against", GOLDEN, protos=protos)
