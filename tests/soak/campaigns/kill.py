"""photond is killed under load and started again, over and over, on one store. Its clients go on through it; in the end everything that
they did and saw must agree with the log.

Each kill comes at a random moment after at least one commit has been acknowledged since the start, so every photond has worked."""
from load import Load
from photond import Photond
from sound import check_sound

FAULT = "SIGKILL under load, clients retrying"
HOW = "a loop; the clients' histories are checked against the log"
TRIES = (100, 2000)

KILLS = (100, 50)  # an episode, short and long
MOMENT_S = 0.12  # at the most, after the first acknowledgement
PATIENCE_S = 120


def wait_for_work(photond, load):
    """Until a commit is acknowledged that was not when photond was started: its mark moves."""
    mark = photond.dir / "data/mark"
    before = mark.read_bytes()
    load.wait_until(lambda: mark.read_bytes() != before, PATIENCE_S, "no emit has been acknowledged since photond was started again")


def episode(room):
    kills = KILLS[0 if room.short else 1]
    photond = Photond(False, "--write-buffer-bytes", "2 MiB", "--file-bytes", "2 MiB", "--ballast-bytes", "1 MiB",
                      home=room.dir / "photond")
    load = Load(photond.url, room, "--racers", "4", "--services", "2")
    try:
        for _ in range(kills):
            wait_for_work(photond, load)
            load.lasts(room.random.uniform(0, MOMENT_S))
            photond.kill()
            photond.start()
        load.end()
        load.check()
    finally:
        load.kill()
        photond.kill()
    check_sound(photond.dir / "data")
    return kills
