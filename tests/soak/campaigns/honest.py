"""Guests that are slow, stuck, or vanish: what the honest ones beside them notice, and what is left of them."""
import json
import os
import signal
import statistics
import subprocess
import time
from pathlib import Path

from network.tunnel import Tunnel
from photond import BUILD, MUON, Photond
from promise import Broken

FAULT = "slow, stuck and vanishing subscribers and responders"
HOW = "beside honest ones: their p99 within 10 %, memory bounded, all given back"
TRIES = (72, 3600)
ALONE = True

GUEST, HONEST = BUILD / "tests/soak/network/net_guest", BUILD / "tests/soak/network/net_honest"
STORE_END, GUEST_END = 0, 1  # the honest are at the store's: what they wait for is photond, and not the network
WHATS = ("emit", "deliver", "request")
LIMIT_S, TURN_S = 120, 5
FILL_S = 30  # gRPC lets 4 MiB be on the way to a guest, which the honest emit and publish in 20 s; before, it is a reader like others
GUESTS = ("slow-subscriber", "stuck-subscriber", "slow-watcher", "stuck-watcher", "slow-responder", "stuck-responder")
ASKERS = ("slow-asker", "stuck-asker")  # so that the responders have something to be slow with
VANISH = (signal.SIGKILL, signal.SIGSTOP, None)  # None: the network, and then they
MIB = 1 << 20
FLOOR_BYTES, GUEST_BYTES = 64 * MIB, MIB  # docs/operating.md
FLAGS = ("--beat-time", "2s", "--keepalive-time", "2s", "--insecure-plaintext")


def wait_until(what, true):
    """Broken if it does not come true."""
    begun = time.monotonic()
    while not true():
        if time.monotonic() - begun > LIMIT_S:
            raise Broken(f"after {LIMIT_S} s: {what}")
        time.sleep(0.1)


class Honest:
    def __init__(self, tunnel, url):
        self.process = subprocess.Popen([*tunnel.at(STORE_END), HONEST, url], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        if self.process.stdout.readline() != "ready\n":
            raise RuntimeError("net_honest does not begin")

    def tell(self):
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def turns(self, number):
        """What it measures in so many turns; without one: nothing, but that it goes on."""
        self.tell()
        measured = []
        for _ in range(number):
            time.sleep(TURN_S)
            measured.append(told := self.tell())
            if told["failed"] or not all(told[what]["n"] for what in WHATS):
                raise Broken(f"the honest do not go on: {told}")
        if not number:
            self.go_on()
        return measured

    def go_on(self):
        missing = set(WHATS)

        def gone_on():
            missing.difference_update(what for what, times in self.tell().items() if what in WHATS and times["n"])
            return not missing

        wait_until("the honest do not go on", gone_on)

    def close(self):
        self.process.kill()
        self.process.wait()


class Guests:
    """Processes of a kind each, with as many clients. quiet: they compute only when nobody else does, so that what the honest wait
    for is photond and not the processor."""

    def __init__(self, tunnel, url, kinds, count, quiet):
        self.tunnel = tunnel
        where = [*tunnel.at(GUEST_END), *(["chrt", "-i", "0"] if quiet else [])]
        self.of = [subprocess.Popen([*where, GUEST, url, kind, str(count)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
                   for kind in kinds]
        for kind, process in zip(kinds, self.of):
            said = process.stdout.readline()
            if said != "ready\n":
                raise RuntimeError(f"net_guest {kind}: {said}")

    def vanish(self, how):
        """Without a word; those that are stopped are gone as far as photond can see."""
        if how is None:
            self.tunnel.befall(GUEST_END, lost=1000)
        for process in self.of:
            process.send_signal(how or signal.SIGKILL)

    def bury(self):
        for process in self.of:
            process.kill()
            process.wait()
        self.tunnel.heal(GUEST_END)


class Usage:
    """What photond has of the system."""

    def __init__(self, photond):
        self.proc = Path("/proc", str(photond.process.pid))
        self.photond = photond

    def descriptors(self):
        return len(os.listdir(self.proc / "fd"))

    def resident(self):
        """In bytes."""
        return int((self.proc / "statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    def peak(self):
        return int(next(line.split()[1] for line in (self.proc / "status").read_text().splitlines() if line.startswith("VmHWM"))) * 1024

    def services(self, within):
        """Whoever serves anything, but for photond and the honest."""
        told = subprocess.run([*within, MUON, "discover", "--json"], capture_output=True, timeout=LIMIT_S, env=self.photond.environment)
        return {service["identifier"] for service in json.loads(told.stdout)["services"]} - {"photon", "honest"}


class Visit:
    """The parts of an episode, and what they have in common."""

    def __init__(self, room, tunnel, photond):
        self.room, self.tunnel, self.usage = room, tunnel, Usage(photond)
        self.count, self.turns = (4, 0) if room.short else (100, 4)
        self.url = photond.url
        self.honest = Honest(tunnel, photond.url)
        self.alone, self.beside = self.honest.turns(self.turns), []
        self.descriptors, self.before = self.usage.descriptors(), self.usage.resident()

    def receive(self, how):
        """As many guests of each kind come, stay for a while, and vanish."""
        guests = Guests(self.tunnel, self.url, GUESTS + ASKERS, self.count, quiet=not self.room.short)
        try:
            if self.turns:
                time.sleep(FILL_S)
            self.beside += self.honest.turns(self.turns)
            guests.vanish(how)
            wait_until("photond keeps descriptors of guests that are gone", lambda: self.usage.descriptors() <= self.descriptors)
            wait_until("photond names services that are gone", lambda: not self.usage.services(self.tunnel.at(STORE_END)))
        finally:
            guests.bury()
        self.alone += self.honest.turns(self.turns)

    def judge_memory(self):
        clients = self.count * len(GUESTS + ASKERS)
        most = self.usage.peak() - self.before
        self.room.say(f"{clients} guests took {most / MIB:.1f} MiB at most")
        if most > FLOOR_BYTES + clients * GUEST_BYTES:
            raise Broken(f"{clients} guests made photond take {most / MIB:.0f} MiB more")

    def judge_times(self):
        """By medians of the turns' p99. What varies by itself, between the quarters of the turns without guests, is not blamed on them."""
        for what in WHATS:
            alone, beside = ([turn[what]["p99_us"] for turn in turns] for turns in (self.alone, self.beside))
            ratio = statistics.median(beside) / statistics.median(alone)
            low, _, high = statistics.quantiles(alone)
            allowed = max(1.1, high / low)
            said = f"{what}: p99 is {ratio:.2f} times as long beside guests, {allowed:.2f} are allowed: {beside} instead of {alone} µs"
            self.room.say(said)
            if ratio > allowed:
                raise Broken(said)


def episode(room):
    tunnel = Tunnel(1, room.seed)
    photond = visit = None
    try:
        # The guests' network, too, computes only when nobody else does.
        os.sched_setscheduler(tunnel.process.pid, os.SCHED_IDLE, os.sched_param(0))
        photond = Photond(False, *FLAGS, host=tunnel.host, within=tunnel.at(0))
        visit = Visit(room, tunnel, photond)
        for how in VANISH:
            visit.receive(how)
        visit.judge_memory()
        if not room.short:
            visit.judge_times()
    finally:
        if visit:
            visit.honest.close()
        if photond:
            photond.close()
        tunnel.close()
    return visit.count * len(GUESTS) * len(VANISH)
