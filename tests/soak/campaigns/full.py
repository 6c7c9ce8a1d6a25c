"""A disk that fills and is freed, under writers and readers: reading goes on, writing is refused with STORE_FULL, and is back by itself
within two seconds after room has returned; nothing acknowledged is lost. The room is that of the disk, its inodes, or, as a quota
may have it, that for tables or logs alone."""
from attacked import Attacked
from fair import clock
from failing import Failing
from probes import Probes
from promise import Broken
from small_disk import SmallDisk
from sound import check_sound
from stock import Stock

FAULT = "a disk fills and is freed"
HOW = "tmpfs and ext4 of some MB, filled, out of inodes, or refusing new tables or logs, under writers and readers"
TRIES = (20, 500)
CYCLES = (10, 25)
BACK_S = (20, 2)
FLAGS = ("--write-buffer-bytes", "1MiB", "--file-bytes", "1MiB", "--ballast-bytes", "1MiB")
PARTLY = ("inodes", ".ldb", ".log")
DISK_MIB, INODES, ENOUGH = 96, 400, 400  # events of 8,000 bytes: three times the buffer
MIB = 1 << 20


def take_room(room, disk, failing):
    """Returns what is to be undone, and what it is called."""
    what = room.random.choice(("full", "full", "almost", "almost", *PARTLY))
    if what == "inodes":
        disk.take_inodes()
    elif what in PARTLY:
        failing.arm("open", error=room.random.choice(("ENOSPC", "EDQUOT")), forever=True, only=what)
    else:
        disk.fill(0 if what == "full" else room.random.randrange(MIB * 5 // 2))
    return what


def give_room(disk, failing):
    failing.disarm()
    disk.free()


def wait_refused(disk, probes, what, begun):
    """Without inodes, or when only tables cannot be made, photond may go on for long: what it gives up itself is room, too."""
    enough = probes.count() + ENOUGH

    def is_refused():
        if what == "inodes":
            disk.take_inodes()
        reasons = {refused.reason for refused in probes.refusals(begun, probes.writers)}
        return "STORE_FULL" in reasons or (what in PARTLY and (reasons or probes.count() > enough))
    probes.wait(is_refused, f"STORE_FULL is said ({what})")


def wait_read(probes, what, begun):
    full = clock.now()
    probes.wait(lambda: all(reader.served[-1] > full for reader in probes.readers), f"reading goes on ({what})")
    for refused in probes.refusals(begun, probes.readers):
        raise Broken(f"a read failed: {refused}")


def cycle(room, disk, failing, probes):
    """One time of no room; how long it took until an emit was stored again."""
    begun = clock.now()
    what = take_room(room, disk, failing)
    try:
        wait_refused(disk, probes, what, begun)
        if what not in PARTLY:  # else photond finds room, opens LevelDB anew, and only then meets the fault
            wait_read(probes, what, begun)
    finally:
        give_room(disk, failing)
    back = probes.wait_written()
    room.say(f"{what}: back after {back:.2f} s")
    if back > BACK_S[0 if room.short else 1]:
        raise Broken(f"{what}: writing was back only {back:.1f} s after room had returned")
    probes.wait_served()
    return back


def attack(room, disk):
    data = disk.dir / "data"
    failing = Failing(room.dir / "plan", data, room.build)
    photond = Attacked(data, *FLAGS, **failing.environment)
    if not photond.start():
        raise Broken(f"photond did not start: {photond.said}")
    probes = Probes(room.build, photond.port)
    try:
        probes.wait_served()
        slowest = max(cycle(room, disk, failing, probes) for _ in range(CYCLES[0 if room.short else 1]))
        probes.wait_served()
        probes.stop()
        photond.kill()
        judge(room, photond, data, probes)
        return slowest
    finally:
        probes.stopping.set()
        photond.kill()
        failing.close()


def judge(room, photond, data, probes):
    check_sound(data)
    if not photond.start():
        raise Broken(f"photond did not start again: {photond.said}")
    with Stock(room.build, photond.port) as stock:
        count = probes.judge_log(stock)
    room.say(f"{count} events acknowledged, none lost")


def episode(room):
    kind = ("ext4", "tmpfs")[room.seed % 2]
    disk = SmallDisk(room, kind, DISK_MIB, INODES)
    try:
        slowest = attack(room, disk)
    finally:
        disk.close()
    room.say(f"{kind}: the slowest return took {slowest:.2f} s")
    return CYCLES[0 if room.short else 1]
