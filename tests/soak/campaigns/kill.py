"""photond is killed under load and started again, over and over, on one store. Its clients go on through it; in the end everything that
they did and saw must agree with the log.

Most kills come at a random moment after at least one commit has been acknowledged since the start, so that photond has worked; every fifth
comes while it opens the store that the one before has left. With an even seed all connections are TLS."""
import signal
import threading

from load import Load
from photond import Photond
from promise import Broken
from sound import check_sound

FAULT = "SIGKILL under load, clients retrying"
HOW = "a loop; the clients' histories are checked against the log"
TRIES = (100, 2000)

KILLS = (100, 50)  # an episode, short and long
MOMENT_S = 0.12  # at the most, after the first acknowledgement
OPENING_EACH, OPENING_S = 5, 0.04
PATIENCE_S = 120


def wait_for_work(photond, load):
    """Until a commit is acknowledged that was not when photond was started: its mark moves."""
    mark = photond.data / "mark"
    before = mark.read_bytes()
    load.wait_until(lambda: mark.read_bytes() != before, PATIENCE_S, "no emit has been acknowledged since photond was started again")


def kill_while_it_opens(photond, after_s):
    """Or soon after, when opening takes less."""
    port = photond.port
    timer = threading.Timer(after_s, lambda: photond.process.kill())
    timer.start()
    try:
        photond.start()
        timer.join()
        photond.kill()
    except RuntimeError as error:
        if photond.process.wait() != -signal.SIGKILL:
            raise Broken(f"photond did not start again: {error}") from None
        photond.port = port


def episode(room):
    kills = KILLS[0 if room.short else 1]
    tls = room.seed % 2 == 0
    photond = Photond(tls, "--write-buffer-bytes", "2 MiB", "--file-bytes", "2 MiB", "--ballast-bytes", "1 MiB",
                      home=room.dir / "photond")
    load = Load(photond.url, room, "--racers", "4", "--services", "2", certs=photond.dir / "init" if tls else None)
    try:
        for number in range(kills):
            if number % OPENING_EACH:
                wait_for_work(photond, load)
                load.lasts(room.random.uniform(0, MOMENT_S))
                photond.kill()
            else:
                photond.kill()
                kill_while_it_opens(photond, room.random.uniform(0, OPENING_S))
            photond.start()
        load.end()
        load.check()
    finally:
        load.kill()
        photond.kill()
    check_sound(photond.data)
    return kills
