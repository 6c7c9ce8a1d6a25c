"""./dev soak [NAME...]: attacks the store's promises, and counts.

A campaign is a file of campaigns/; what it must define is at the end of this text. Each of its episodes is one attack, told apart by its seed
alone: the same seed does the same again. The ledger (build/soak/ledger.jsonl) remembers every episode, so that a run may be
stopped at any time and the next goes on behind it.

  NAME...          these campaigns; without: all
  --short          as few tries as ./dev test makes, always the same seeds, not in the ledger
  --tries N        until each has N tries in the ledger, instead of its own number
  --minutes N      no new episode after so many minutes
  --background     go on without this terminal: what is said goes to build/soak/log
  --seed N         this episode alone, in words, not in the ledger; what it left stays in build/soak/NAME.N
  --table          write what is in the ledger into docs/reliability.md
  --list           the campaigns

A campaign's file defines FAULT and HOW, which are the table's words, TRIES = (short, long; short 0: not with --short), perhaps
ALONE = True, when it measures how long something takes, and
  episode(room)    one attack; returns how many tries it was (kills, cuts, flips …), raises Broken(what) when a promise is
                   broken, and Skipped(why) where the machine cannot do it. An attack on somebody else's store, which has
                   promised nothing to us, returns (tries, how many of them lost something acknowledged).
`room` has .seed, .random (seeded), .dir (empty, its own), .build (the release build), .short and .say(text).

Ends with "N passed, N failed, N skipped", counted in tries, or in campaigns with --short."""
import argparse
import datetime
import importlib.util
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
import traceback
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("MUON_BUILD", ROOT / "build/release"))
os.environ["MUON_BUILD"] = str(BUILD)
sys.path[:0] = [str(ROOT / "tests/lib"), str(ROOT / "tests/soak")]
SOAK = ROOT / "build/soak"
LEDGER, LOG = SOAK / "ledger.jsonl", SOAK / "log"
REPORT = ROOT / "docs/reliability.md"
CAMPAIGNS = ROOT / "tests/soak/campaigns"
BEGIN, END = "<!-- soak: made by ./dev soak --table -->", "<!-- /soak -->"

from promise import Broken, Skipped  # noqa: E402  (on the path that is set above)


class Room:
    """What an episode gets. Its directory is removed when all went well."""

    def __init__(self, name, seed, short=False, loud=False):
        self.seed, self.short, self.loud, self.build = seed, short, loud, BUILD
        self.random = random.Random(f"{name} {seed}")
        self.dir = SOAK / f"{name}.{seed}"
        shutil.rmtree(self.dir, ignore_errors=True)
        self.dir.mkdir(parents=True)

    def say(self, text):
        if self.loud:
            print(f"      {text}", flush=True)


def load(name):
    spec = importlib.util.spec_from_file_location(name, CAMPAIGNS / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.NAME = name
    return module


def campaigns(names):
    known = sorted(path.stem for path in CAMPAIGNS.glob("*.py"))
    unknown = [name for name in names if name not in known]
    if unknown:
        sys.exit(f"soak: there is no campaign {unknown[0]}; known are {', '.join(known)}")
    return [load(name) for name in known if not names or name in names]


def commit():
    done = subprocess.run(["git", "describe", "--always", "--dirty"], cwd=ROOT, capture_output=True, text=True)
    return done.stdout.strip()


def attempt(campaign, seed, short=False, loud=False):
    """One episode, as the ledger's entry."""
    room, begun = Room(campaign.NAME, seed, short, loud), time.monotonic()
    entry = {"campaign": campaign.NAME, "seed": seed, "tries": 1, "ok": True, "why": ""}
    try:
        done = campaign.episode(room)
        entry["tries"], entry["lost"] = done if isinstance(done, tuple) else (done, 0)
    except Skipped as skipped:
        entry.update(tries=0, skipped=True, why=str(skipped))
    except Broken as broken:
        entry.update(ok=False, why=str(broken))
    except Exception:  # the attack itself went wrong: no proof of anything
        entry.update(ok=False, why=traceback.format_exc())
    entry.update(seconds=round(time.monotonic() - begun, 1), date=datetime.date.today().isoformat(), commit=commit())
    if entry["ok"] and not loud:
        shutil.rmtree(room.dir, ignore_errors=True)
    return entry


def show(campaign, entry):
    word = "skip" if entry.get("skipped") else "ok" if entry["ok"] else "FAIL"
    lost = f", {entry['lost']} lost something" if entry.get("lost") else ""
    print(f"{word:4}  {campaign.NAME}, seed {entry['seed']}: {entry['tries']} tries{lost}, {entry['seconds']} s"
          f"{'  ' if entry['why'] else ''}{entry['why']}", flush=True)


def read_ledger():
    lines = LEDGER.read_text().splitlines() if LEDGER.exists() else []
    return [json.loads(line) for line in lines if line.endswith("}")]  # the last may have been cut


def run_short(campaign):
    """Its short number of tries, told as one: (passed, failed, skipped)."""
    tries, seed, entry = 0, 0, None
    while tries < campaign.TRIES[0]:
        seed += 1
        entry = attempt(campaign, seed, short=True)
        tries += entry["tries"]
        if not entry["ok"] or entry.get("skipped"):
            break
    entry["tries"] = tries
    show(campaign, entry)
    skipped = entry.get("skipped", False)
    return entry["ok"] and not skipped, not entry["ok"], skipped


def each_by_itself(chosen):
    """Their outputs: a process for each campaign. Most of it is waiting for disks and for each other's processes, so there are more of them at a
    time than there are processors."""
    started = []

    def run(campaign):
        with subprocess.Popen([sys.executable, __file__, "--short", campaign.NAME], stdout=subprocess.PIPE, text=True) as process:
            started.append(process)
            return process.communicate()[0]

    with ThreadPoolExecutor(os.cpu_count() + 1) as pool:
        try:
            yield from pool.map(run, chosen)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            for process in started:
                process.terminate()
            raise


def run_all_short(chosen):
    """Counted in campaigns. Those that measure how long something takes come last, with nothing beside them."""
    chosen = [campaign for campaign in chosen if campaign.TRIES[0]]
    alone = [campaign for campaign in chosen if len(chosen) == 1 or getattr(campaign, "ALONE", False)]
    sums = [0, 0, 0]
    for said in each_by_itself([campaign for campaign in chosen if campaign not in alone]):
        *lines, counts = said.splitlines() or [""]
        print("\n".join(lines), flush=True)
        found = re.fullmatch(r"(\d+) passed, (\d+) failed, (\d+) skipped", counts)
        sums = [a + b for a, b in zip(sums, map(int, found.groups()) if found else (0, 1, 0))]
    for campaign in alone:
        sums = [a + b for a, b in zip(sums, run_short(campaign))]
    return sums


def run_long(chosen, wanted, until):
    """Counted in tries. A failed episode is tried again by its next run only if asked for by --seed."""
    passed = failed = skipped = 0
    for campaign in chosen:
        known = [entry for entry in read_ledger() if entry["campaign"] == campaign.NAME]
        tries, seed = sum(entry["tries"] for entry in known), max((entry["seed"] for entry in known), default=0)
        while tries < (wanted or campaign.TRIES[1]) and time.monotonic() < until:
            seed += 1
            entry = attempt(campaign, seed)
            show(campaign, entry)
            if entry.get("skipped"):
                skipped += 1
                break
            with LEDGER.open("a") as ledger:
                ledger.write(json.dumps(entry) + "\n")
            tries += entry["tries"]
            passed += entry["tries"] if entry["ok"] else 0
            failed += not entry["ok"]
    return passed, failed, skipped


def row(campaign, entries):
    mine = [entry for entry in entries if entry["campaign"] == campaign.NAME]
    if not mine:
        return f"| {campaign.FAULT} | {campaign.HOW} | 0 of {campaign.TRIES[1]} | – | – | – |"
    tries, broken = sum(entry["tries"] for entry in mine), sum(not entry["ok"] for entry in mine)
    lost = sum(entry.get("lost", 0) for entry in mine)
    seeds, dates = [entry["seed"] for entry in mine], sorted({entry["date"] for entry in mine})
    return (f"| {campaign.FAULT} | {campaign.HOW} | {tries:,} of {campaign.TRIES[1]:,} | "
            f"{f'{lost:,} lost something' if lost else broken or 'none'} | "
            f"`./dev soak {campaign.NAME}`, seeds {min(seeds)}–{max(seeds)} | {' – '.join(dict.fromkeys((dates[0], dates[-1])))} |")


def write_table():
    entries = read_ledger()
    head = ["| fault | how | tried | promises broken | command | when |", "|---|---|---|---|---|---|"]
    table = "\n".join(head + [row(campaign, entries) for campaign in campaigns([])])
    text = REPORT.read_text()
    REPORT.write_text(re.sub(f"(?s){re.escape(BEGIN)}.*{re.escape(END)}", lambda _: f"{BEGIN}\n{table}\n{END}", text))


def go_on_in_background():
    words = [word for word in sys.argv[1:] if word != "--background"]
    with LOG.open("a") as log:
        process = subprocess.Popen([sys.executable, __file__, *words], stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
    print(f"soak: process {process.pid} goes on, and says how in {LOG.relative_to(ROOT)}; kill {process.pid} stops it, and the next run goes on behind it")


def main():
    parser = argparse.ArgumentParser(prog="./dev soak", usage=__doc__, add_help=False)
    parser.add_argument("names", nargs="*")
    for flag in ("--short", "--background", "--table", "--list", "--help"):
        parser.add_argument(flag, action="store_true")
    for flag in ("--tries", "--minutes", "--seed"):
        parser.add_argument(flag, type=int)
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that an episode ends what it has started
    SOAK.mkdir(parents=True, exist_ok=True)
    chosen = campaigns(options.names)
    if options.help:
        print(__doc__)
        return 0
    if options.list:
        for campaign in chosen:
            print(f"{campaign.NAME:12} {campaign.FAULT} ({campaign.TRIES[0]} in the test, {campaign.TRIES[1]} in the soak)")
        return 0
    if options.table:
        write_table()
        return 0
    if options.background:
        go_on_in_background()
        return 0
    if options.seed is not None:
        entries = [attempt(campaign, options.seed, loud=True) for campaign in chosen]
        for campaign, entry in zip(chosen, entries):
            show(campaign, entry)
        return 0 if all(entry["ok"] for entry in entries) else 1
    until = time.monotonic() + 60 * options.minutes if options.minutes else float("inf")
    passed, failed, skipped = run_all_short(chosen) if options.short else run_long(chosen, options.tries, until)
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
