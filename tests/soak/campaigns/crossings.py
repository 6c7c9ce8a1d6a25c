"""Subscriptions begin at random places and moments while emits run, go from history to live, and are followed a little farther.

What each delivers must be the log from where it began, without a gap and without a double, and it must not say that it is live before it
has all that was acknowledged when it began: history_check. Now and then photond is held up, or killed and started again."""
from load import Load
from photond import Photond
from sound import check_sound

FAULT = "cold→live crossings under load"
HOW = "subscriptions to all, to patterns and to streams, from a random place; photond is stalled and killed meanwhile; a try is a crossing"
TRIES = (200, 10000)

STRIKES, BETWEEN_S, STALL_S, KILLED = (4, 40), (0.5, 2.5), 0.3, 0.25


def strike(room, photond, load):
    if room.random.random() < KILLED:
        photond.kill()
        photond.start()
    else:
        photond.pause()
        load.lasts(room.random.uniform(0, STALL_S))
        photond.proceed()


def episode(room):
    photond = Photond(False, "--write-buffer-bytes", "2 MiB", home=room.dir / "photond")
    load = Load(photond.url, room, "--subscribers", "48", "--writers", "3", "--rate", "400")
    try:
        for _ in range(STRIKES[0 if room.short else 1]):
            load.lasts(room.random.uniform(*BETWEEN_S))
            strike(room, photond, load)
        load.lasts(BETWEEN_S[1])
        load.end()
        load.check()
    finally:
        load.kill()
        photond.kill()
    check_sound(photond.dir / "data")
    return load.said["crossings"]
