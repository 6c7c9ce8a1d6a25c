"""photond is killed at the K-th call that changes the store's files, before it, half-way through it, or after it.

The library tests/soak/kills/strike.c counts these calls in all threads, and over photond's restarts. The workload is
tests/soak/kills/scripted.c: it fills LevelDB's buffer several times, so that logs are begun anew and tables compacted, deletes
streams, and has photond stopped and started half-way. After the kill photond is started again – half of the times to be killed once more,
at one of the next calls, while it recovers –, at last without the library; the client, which has not noticed, ends what it was at and checks
all it was ever told. In the end `photond verify` must be content."""
import os
import select
import shutil
import signal
import struct
import subprocess
from concurrent.futures import ThreadPoolExecutor

from photond import BUILD, Photond
from promise import Broken
from sound import check_sound

FAULT = "SIGKILL at the K-th write, sync, rename, unlink … on the store's files"
HOW = "a preload with one count for all threads; each call of a fixed script: before, within, after; often again while it recovers"
TRIES = (100, 2900)

SCRIPTED, STRIKE = BUILD / "tests/soak/kills/scripted", BUILD / "tests/soak/kills/libstrike.so"
STEPS, RESTART_AT = 6, 3
MOMENTS = ("before", "half-way through", "after")
HEADER, AT_OFFSET, CALLS_MAX, NAME_BYTES = struct.Struct("=QQQ"), 8, 16384, 32  # struct strike_tally
PATIENCE_S = 300
CALLS = 1200  # of the whole script, and some more: how many there are depends on which thread comes first, and on how long all of it takes
SPREAD = 40  # of the short form, beside the calls of opening
AGAIN_MAX = 40  # of the calls after the first kill; opening makes about 30
A_SEED = 50
AT_A_TIME = 2


class Tally:
    """What strike.c counts in."""

    def __init__(self, path, at, moment):
        self.path, self.at = path, at
        with open(path, "wb") as file:
            file.write(HEADER.pack(0, at, moment))
            file.truncate(HEADER.size + CALLS_MAX * NAME_BYTES)

    @property
    def calls(self):
        with open(self.path, "rb") as file:
            return HEADER.unpack(file.read(HEADER.size))[0]

    def aim(self, at):
        self.at = at
        with open(self.path, "r+b") as file:
            file.seek(AT_OFFSET)
            file.write(struct.pack("=Q", at))

    @property
    def name(self):
        """Of the call that is aimed at."""
        with open(self.path, "rb") as file:
            file.seek(HEADER.size + (self.at - 1) * NAME_BYTES)
            return file.read(NAME_BYTES).split(b"\0")[0].decode()


class Run:
    """One run of the script, killed at one call or (at 0) at none; then, if again is not 0, at that one of the next calls. blows: the
    calls at which it was; opens: the ranges of calls in which photond opened its store."""

    def __init__(self, home, at, moment, again):
        self.again, self.opens, self.blows, self.calls = again, [], [], 0
        self.env = {"LD_PRELOAD": str(STRIKE), "STRIKE_DIR": str(home / "data"), "STRIKE_TALLY": str(home / "tally")}
        self.photond = Photond(False, "--write-buffer-bytes", "1 MiB", "--file-bytes", "1 MiB", "--ballast-bytes", "1 MiB",
                               home=home, env=self.env, start=False)
        self.tally = Tally(home / "tally", at, moment)

    def open(self):
        """Start photond, as often as it is killed meanwhile."""
        port = self.photond.port
        while True:
            begin = self.tally.calls
            try:
                self.photond.start()
            except RuntimeError as error:
                self.has_been_struck(str(error))
                self.photond.port = port
                continue
            self.opens.append(range(begin + 1, self.tally.calls + 1))
            return

    def has_been_struck(self, said):
        code = self.photond.process.wait()
        if not self.photond.env or code != -signal.SIGKILL or not 0 < self.tally.at <= self.tally.calls:
            raise Broken(f"photond ended with {code}: {said}")
        self.blows.append(f"{self.tally.at} ({self.tally.name})")
        if self.again:
            self.tally.aim(self.tally.calls + self.again)
            self.again = 0
        else:
            self.photond.env = {}

    def stop(self):
        self.photond.process.terminate()
        code = self.photond.process.wait()
        if code != 0:
            self.has_been_struck("it was to stop")

    def wait_for_step(self, script):
        """The script's next line; photond, should it be killed, is started again meanwhile."""
        while True:
            death = os.pidfd_open(self.photond.process.pid)
            ready, _, _ = select.select([script.stdout, death], [], [], PATIENCE_S)
            os.close(death)
            if not ready:
                raise Broken("the script hangs")
            if script.stdout in ready:
                return script.stdout.readline()
            self.has_been_struck("at work")
            self.photond.kill()
            self.open()

    def drive(self, script):
        for step in range(STEPS + 1):
            line = self.wait_for_step(script)
            if line != f"step {step}\n":
                raise Broken(line.strip() or "the script ended")
            if step == RESTART_AT and not self.blows:
                self.stop()
                self.open()
            script.stdin.write("go\n" if step < STEPS and not self.blows else "check\n")
            script.stdin.flush()
            if self.blows or step == STEPS:
                break
        said = self.wait_for_step(script)
        if script.wait(PATIENCE_S) != 0:
            raise Broken(said.strip() or "the script failed")

    def go(self):
        self.open()
        script = subprocess.Popen([SCRIPTED, self.photond.url], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        try:
            self.drive(script)
        finally:
            script.kill()
            script.communicate()
            self.photond.kill()
        self.calls = self.tally.calls
        check_sound(self.photond.data)


def attack(room, at, moment):
    """The run, which has held."""
    again = at // 2 % AGAIN_MAX + 1 if at % 2 else 0
    run = Run(room.dir / f"{at}-{moment}", at, moment, again)
    try:
        run.go()
    except Broken as broken:
        raise Broken(f"killed {MOMENTS[moment]} {' and '.join(run.blows) or 'no call yet'} (of {at}): {broken}") from None
    room.say(f"{MOMENTS[moment]} {' and '.join(run.blows)}")
    shutil.rmtree(run.photond.dir)
    return run


def sample(room):
    """All calls that opening makes, of a new store and of one that was stopped, and every so many of the others."""
    run = attack(room, 0, 0)
    if run.calls > CALLS:
        raise Broken(f"the script makes {run.calls} calls, and the soak looks at {CALLS}")
    spread = range(1, run.calls, run.calls // SPREAD)
    return [(at, at % len(MOMENTS)) for at in sorted({*spread, *(at for calls in run.opens for at in calls)})]


def turn(room):
    """The seed's calls. All of them in turn, then all again at the next moment; the last of a round may be more than there are."""
    numbers = range((room.seed - 1) * A_SEED, room.seed * A_SEED)
    return [(number % CALLS + 1, number // CALLS % len(MOMENTS)) for number in numbers]


def episode(room):
    with ThreadPoolExecutor(AT_A_TIME) as threads:
        runs = threads.map(lambda pair: attack(room, *pair), sample(room) if room.short else turn(room))
        return sum(len(run.blows) for run in runs)
