"""A byte flipped, a file cut short or missing, anywhere in a store. Then photond refuses to start and says why, or serves every
event rightly, or says CORRUPT where it cannot; and `photond verify` finds whatever made it do so."""
import collections
import shutil

from attacked import Attacked, verify
from planted import FLAGS, Planted
from promise import Broken
from stock import Stock

FAULT = "one byte flipped, a file cut short or missing"
HOW = "any file of a store of some thousand events, in a log, two logs, or tables alone"
TRIES = (24, 2000)
FLIPS = (8, 100)  # an episode's
STATES = ("killed", "flushing", "stopped")
REFUSALS = (10, 12, 13, 14)  # unreadable, foreign, newer, damaged
DAMAGED = 14


def kind(path):
    return path.suffix or path.name.split("-")[0]


def pick(random, planted):
    """Every kind of file is as likely as any other, but logs, tables and the MANIFEST more so."""
    kinds = collections.defaultdict(list)
    for path in sorted(planted.data.rglob("*")):
        if path.is_file():
            kinds[kind(path)].append(path.relative_to(planted.data))
    often = [name for name in (".log", ".ldb", "MANIFEST") if name in kinds] * 3
    return random.choice(kinds[random.choice(often + sorted(kinds))])


def place(random, length):
    """Anywhere; half of all near the end, where what was written last is, or what a file is found by."""
    near = min(length, random.choice((32, 256, 4096)))
    return random.choice((random.randrange(length), length - 1 - random.randrange(near)))


def damage(random, file):
    """Returns what to do to a copy, and what it is called."""
    length = file.stat().st_size
    what = random.choices(("flip", "cut", "miss"), (80, 12, 8))[0] if length else "miss"
    if what == "flip":
        at, bits = place(random, length), random.choice((1 << random.randrange(8), random.randrange(1, 256)))
        return lambda path: flip(path, at, bits), f"byte {at} of {length} ^ {bits:#x}"
    if what == "cut":
        at = place(random, length)
        return lambda path: cut(path, at), f"cut to {at} of {length} bytes"
    return lambda path: path.unlink(), "missing"


def flip(path, at, bits):
    with path.open("r+b") as file:
        file.seek(at)
        byte = file.read(1)[0]
        file.seek(at)
        file.write(bytes([byte ^ bits]))


def cut(path, length):
    with path.open("r+b") as file:
        file.truncate(length)


def copy(room, planted, name, do, path):
    to = room.dir / name
    shutil.rmtree(to, ignore_errors=True)
    shutil.copytree(planted.data, to, ignore=shutil.ignore_patterns("*.sock"))
    do(to / path)
    return to


def serve(planted, data):
    """What became of it: "served", or a refusal's or an error's words."""
    photond = Attacked(data, *FLAGS)
    if not photond.start():
        if photond.code not in REFUSALS or str(data) not in photond.said:
            raise Broken(f"photond ended with {photond.code}: {photond.said}")
        return f"refused, {photond.code}: {photond.said.strip().splitlines()[-1]}"
    try:
        with Stock(planted.build, photond.port) as stock:
            corrupt = planted.judge(stock)
        if photond.code is not None:
            raise Broken(f"photond died: {photond.code}: {photond.said}")
        return f"corrupt: {corrupt}" if corrupt else "served"
    finally:
        photond.kill()


def try_one(room, planted, counts):
    path = pick(room.random, planted)
    do, what = damage(room.random, planted.data / path)
    try:
        became = serve(planted, copy(room, planted, "served", do, path))
        code, found = verify(copy(room, planted, "verified", do, path))
        room.say(f"{path}, {what}: {became}; verify: {code} {found.strip().splitlines()[0] if code else ''}")
        if became != "served" and code not in REFUSALS:
            raise Broken(f"{became}, but verify says {code}: {found}")
    except Broken as broken:
        raise Broken(f"{path}, {what}: {broken}") from None
    counts[f"{kind(path)} {became.split(':')[0].split(',')[0]}{'' if became != 'served' or not code else ', verify finds it'}"] += 1


def episode(room):
    planted, counts = Planted(room, STATES[room.seed % len(STATES)]), collections.Counter()
    code, said = verify(copy(room, planted, "whole", lambda _: None, "."))
    if code:
        raise Broken(f"verify finds fault with a whole store: {said}")
    flips = FLIPS[0 if room.short else 1]
    for _ in range(flips):
        try_one(room, planted, counts)
    for name, count in sorted(counts.items()):
        room.say(f"{count:4}  {name}")
    return flips
