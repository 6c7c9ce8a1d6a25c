"""The real events that lie beside the project: read, not kept here."""
import gzip
import itertools
import os
from pathlib import Path

from photond import ROOT

REAL = Path(os.environ.get("MUON_DATA", ROOT.parent / "shared/data")) / "bpic2012.ndjson.gz"


def real_lines(test, count):
    """The first so many, a line each. Without them the test is skipped, in CI it fails."""
    if not REAL.exists():
        if os.environ.get("CI"):
            test.fail(f"{REAL} is missing")
        test.skipTest(f"{REAL} is missing")
    with gzip.open(REAL) as file:
        return list(itertools.islice(file, count))
