"""The clocks of photond, of its clients and of a responder jump, each by itself, by hours and years, forwards and backwards.

libfaketime tells each process another time. With an odd seed it is the time of day that jumps, as it does in the field, and what is asked
meanwhile must be answered, or given up, when it should be by a clock that does not jump; photond is also killed, and started again in
another year. With an even seed photond's monotonic clock jumps as well, as no system's does: then deadlines mean nothing, but nothing may
be lost all the same. The histories of the load are checked in the end: order ids rise whatever the clock says."""
import json
import os
import subprocess
import time
from pathlib import Path

from load import Load
from photond import MUON, Photond
from promise import Broken, Skipped
from sound import check_sound

FAULT = "clock jumps of hours and years, backwards, too"
HOW = "libfaketime in photond, clients and responder; restarts in another year; deadlines measured by a clock that stays"
TRIES = (60, 1000)

LIBRARY = next(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"), None)
HOUR, YEAR = 3600, 365 * 86400
NEAR, FAR = (1, 60, HOUR, 5 * HOUR, 3 * 24 * HOUR), (YEAR, 4 * YEAR, 40 * YEAR, 160 * YEAR)
WILD = (-100 * YEAR, 400 * YEAR)  # before 1970, and when photond would not start
RANGE = (-4 * YEAR, 160 * YEAR)  # it starts: from 2020 to 2200
JUMPS, JUMPS_A_RESTART = 20, 5
DEADLINE_S, EARLY_S, LATE_S = 3, 0.1, 60
PATIENCE_S = 300
ANSWERED, IN_VAIN = (0,), (7, 8)  # muon's exit codes: nobody there, no answer in time
WRONG_CLOCK = 7  # photond's
EVENT = '{"stream-name":"clock","event-type":"Emitted"}'


class Clock:
    """A clock of somebody's; jump() turns it."""

    def __init__(self, path, room, monotonic=False):
        self.path, self.room = path, room
        self.env = {"LD_PRELOAD": str(LIBRARY), "FAKETIME_TIMESTAMP_FILE": str(path), "FAKETIME_NO_CACHE": "1", "NO_FAKE_STAT": "1",
                    "FAKETIME_DONT_FAKE_MONOTONIC": "0" if monotonic else "1"}
        self.set(0)

    def set(self, offset_s):
        self.offset_s = offset_s
        new = self.path.with_suffix(".new")
        new.write_text(f"{offset_s:+d}\n")
        new.replace(self.path)  # nobody reads half of it

    def jump(self, wild=False):
        """A step from where it is, or to anywhere; wild: out of photond's range, too."""
        draw = self.room.random
        if wild and draw.random() < 0.2:
            self.set(draw.choice(WILD))
        elif draw.random() < 0.5:
            self.set(draw.choice((-1, 1)) * draw.choice(NEAR) + min(max(self.offset_s, RANGE[0]), RANGE[1]) // 2)
        else:
            self.set(draw.choice((0, -YEAR, -4 * YEAR, *FAR)))


class Probe:
    """A muon that asks for something while the clocks jump. It must end with one of these codes; when it asks in vain, at its deadline."""

    def __init__(self, photond, clock, codes, *arguments):
        self.what, self.codes, self.begun = " ".join(arguments), codes, time.monotonic()
        self.process = subprocess.Popen([MUON, *arguments], env={**photond.environment, **clock.env}, stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def end(self):
        try:
            said, _ = self.process.communicate(timeout=PATIENCE_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise Broken(f"muon {self.what} does not end") from None
        took_s = time.monotonic() - self.begun
        if self.process.returncode not in self.codes:
            raise Broken(f"muon {self.what} ended with {self.process.returncode} after {took_s:.1f} s: {said}")
        if self.codes == IN_VAIN and not DEADLINE_S - EARLY_S <= took_s <= DEADLINE_S + LATE_S:
            raise Broken(f"muon {self.what} ended after {took_s:.1f} s")


def serve(photond, clock, path, command):
    """A responder that runs a command for each request, once it is registered."""
    process = subprocess.Popen([MUON, "serve", "clocks", path, "--exec", "sh", "-c", command],
                               env={**photond.environment, **clock.env}, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    for line in process.stderr:
        if "serving" in line:
            return process
    raise Broken("a responder could not be registered")


def refuses_to_start(photond, store):
    for offset_s in WILD:
        store.set(offset_s)
        try:
            photond.start()
        except RuntimeError as error:
            if photond.process.wait() != WRONG_CLOCK:
                raise Broken(f"with a wrong clock photond ended otherwise: {error}") from None
            continue
        photond.kill()
        raise Broken("photond started with a wrong clock")
    store.set(0)


def jump_over_restarts(photond, clocks, load):
    for number in range(JUMPS):
        load.lasts(clocks[0].room.random.uniform(0, 0.2))
        for clock in clocks:
            clock.jump(wild=True)
        if number % JUMPS_A_RESTART == JUMPS_A_RESTART - 1:
            photond.kill()
            clocks[0].jump()
            photond.start()


def jump_under(probes, clocks, load):
    for _ in range(JUMPS // 2):
        load.lasts(2 * DEADLINE_S / JUMPS)
        for clock in clocks:
            clock.jump()
    for probe in probes:
        probe.end()


def jump_under_probes(photond, clocks, load):
    """What is asked in vain ends at its deadline, what takes a while is answered, whatever the clocks do meanwhile."""
    _, clients, responder = clocks
    serving = [serve(photond, responder, "/later", f"sleep {DEADLINE_S}; echo 1"),
               serve(photond, responder, "/never", "exec tail -f /dev/null")]
    limit, enough = ("--timeout", f"{DEADLINE_S}s"), ("--timeout", f"{PATIENCE_S}s")
    try:
        jump_under([Probe(photond, clients, ANSWERED, "rpc", "clocks", "/later", "1", *enough),
                    Probe(photond, clients, IN_VAIN, "rpc", "clocks", "/never", "1", *limit)], clocks, load)
        photond.pause()
        try:
            jump_under([Probe(photond, clients, IN_VAIN, "info", *limit),
                        Probe(photond, clients, IN_VAIN, "replay", "clock", *limit)], clocks, load)
        finally:
            photond.proceed()
    finally:
        for process in serving:
            process.terminate()
            process.communicate()


def emit(photond):
    done = photond.muon("emit", EVENT, "--json")
    if done.returncode != 0:
        raise Broken(f"muon emit ended with {done.returncode}: {done.stdout}{done.stderr}")
    return json.loads(done.stdout)


def jump_back(photond, store):
    """From far in the future to now: order ids and times do not follow."""
    store.set(FAR[-1])
    future = emit(photond)
    store.set(0)
    now = emit(photond)
    if future["order-id"] < (time.time() + FAR[-1] - YEAR) * 1e6:
        raise Broken(f"the clock of photond did not jump: {future}")
    if now["order-id"] <= future["order-id"] or now["event-time"] < future["event-time"]:
        raise Broken(f"after {future} came {now}")


def episode(room):
    if not LIBRARY:
        raise Skipped("libfaketime is not installed")
    monotonic = room.seed % 2 == 0
    store, clients, responder = (Clock(room.dir / f"clock-{name}", room, monotonic) for name in ("store", "clients", "responder"))
    photond = Photond(home=room.dir / "photond", env=store.env, start=False)
    refuses_to_start(photond, store)
    photond.start()
    load = Load(photond.url, room, "--racers", "2", "--services", "0" if monotonic else "1",
                env=None if monotonic else {**os.environ, **clients.env})
    clocks = [store] if monotonic else [store, clients, responder]
    try:
        jump_over_restarts(photond, clocks, load)
        if not monotonic:
            jump_under_probes(photond, clocks, load)
        load.end()
        load.check()
        jump_back(photond, store)
    finally:
        load.kill()
        photond.kill()
    check_sound(photond.data)
    return JUMPS if monotonic else 2 * JUMPS
