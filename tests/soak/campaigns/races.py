"""64 clients race for one stream after another, each expecting the version that it has seen last, while photond is killed and held up.

Of those that expect the same version one wins, and who is refused must have been behind at some moment of its call: history_check."""
from load import Load
from photond import Photond
from sound import check_sound

FAULT = "64 writers racing by expected version, with faults"
HOW = "SIGKILL and SIGSTOP of photond meanwhile; expectations, refusals and reads are checked for linearizability; a try is an emit"
TRIES = (1000, 200000)

STRIKES, BETWEEN_S, STALL_S = (4, 60), (0.8, 1.6), 0.4


def strike(room, photond, load):
    if room.random.random() < 0.7:
        photond.kill()
        photond.start()
    else:
        photond.pause()
        load.lasts(room.random.uniform(0, STALL_S))
        photond.proceed()


def episode(room):
    photond = Photond(False, home=room.dir / "photond")
    load = Load(photond.url, room, "--racers", "64", "--writers", "0", "--subscribers", "2")
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
    return sum(load.said[outcome] for outcome in ("ok", "refused", "unknown", "failed"))
