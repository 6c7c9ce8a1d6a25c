"""Everything at once: writers, racers, subscribers, services, and guests that get stuck and vanish; first with photond being killed,
stopped and held up, then a long life of one photond, whose memory and descriptors must stay flat after a third of it. Its cache is small,
so that it is full by then: one of 64 MiB would go on filling for an hour, and hide a leak.

A guest is a process of the same load with a name of its own; it is stopped for a while and killed, and what it had recorded by then is
checked like all else."""
import signal
import subprocess

from footprint import Footprint
from load import Load
from photond import Photond
from sound import check_sound

FAULT = "soak: everything at once"
HOW = "load, services, subscribers that get stuck or vanish, SIGKILL, SIGTERM, SIGSTOP; then one photond's memory and descriptors; a try is a minute"
TRIES = (1, 60)

STRIKES, BETWEEN_S, STALL_S = (4, 120), (0.4, 2), 1.5
LIFE_S = (9, 1020)
MORE_KIB, MORE_DESCRIPTORS = (64 * 1024, 8 * 1024), 8
MINUTES = 20  # of a long episode, about
PROFILE = ["--writers", "3", "--racers", "6", "--subscribers", "9", "--services", "3", "--rate", "150"]


class Guest:
    """A second load, which comes to grief."""

    def __init__(self, room, load):
        self.command = [*load.command, "--seed", str(room.seed), "--seconds", "60", "--name", "guest", "--writers", "1",
                        "--racers", "2", "--subscribers", "4", "--services", "1", "--rate", "50"]
        self.process = None

    def arrive(self):
        self.process = subprocess.Popen(self.command, stdout=subprocess.DEVNULL)

    def get_stuck(self):
        self.process.send_signal(signal.SIGSTOP)

    def vanish(self):
        self.process.kill()
        self.process.wait()


def stop_in_order(photond):
    photond.process.terminate()
    photond.process.wait()
    photond.kill()


def strike(room, photond, load):
    how = room.random.random()
    if how < 0.5:
        photond.kill()
        photond.start()
    elif how < 0.7:
        stop_in_order(photond)
        photond.start()
    else:
        photond.pause()
        load.lasts(room.random.uniform(0, STALL_S))
        photond.proceed()


def live(room, photond, load, guest, seconds):
    """One photond, with guests that come, get stuck, and vanish. Looks every second or twice as often."""
    footprint = Footprint(photond.process.pid)
    for moment in range(int(2 * seconds)):
        if moment % 10 == 0:
            guest.arrive()
        if moment % 10 == 4:
            guest.get_stuck()
        load.lasts(0.5)
        footprint.look()
        if moment % 10 == 9 or moment == int(2 * seconds) - 1:
            guest.vanish()
    return footprint


def episode(room):
    length = 0 if room.short else 1
    photond = Photond(False, "--write-buffer-bytes", "2 MiB", "--cache-bytes", "4 MiB", home=room.dir / "photond")
    load = Load(photond.url, room, *PROFILE)
    guest = Guest(room, load)
    try:
        for _ in range(STRIKES[length]):
            load.lasts(room.random.uniform(*BETWEEN_S))
            strike(room, photond, load)
        footprint = live(room, photond, load, guest, LIFE_S[length])
        load.end()
        load.check()
    finally:
        load.kill()
        if guest.process:
            guest.vanish()
        photond.kill()
    check_sound(photond.dir / "data")
    room.say(footprint.said())
    footprint.check_flat(MORE_KIB[length], MORE_DESCRIPTORS)
    return 1 if room.short else MINUTES
