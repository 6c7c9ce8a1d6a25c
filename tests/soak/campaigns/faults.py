"""The nth allocation, write, sync, open, rename or unlink fails, once or until it is mended: in a photond that serves, in one that opens
its log anew, in one that starts. Clients get errors that are documented, each in time; reads go on; what was acknowledged stays; and
afterwards photond is as before. By turns the clients are such that see each answer as it is, and libmuon's own. gRPC and LevelDB end the process when they get no memory: that is a crash, and must lose nothing."""
import collections
import re

from attacked import Attacked
from failing import Failing
from fair import clock
from load import Load
from probes import Probes
from promise import Broken
from sound import check_sound
from stock import Stock

FAULT = "the nth allocation, write, short write, sync, open, rename or unlink fails, once or for good"
HOW = "a preload with one counter for all threads, while photond serves, opens its log anew, or starts"
TRIES = (80, 5000)
ALONE = True
FAULTS = (10, 100)  # an episode's, and those of starts
FLAGS = ("--write-buffer-bytes", "1MiB", "--file-bytes", "1MiB", "--ballast-bytes", "1MiB", "--drain-time", "200ms")
LOAD = ("--writers", "2", "--racers", "2", "--subscribers", "3", "--rate", "150")
KINDS = {  # errors, the greatest n while it serves, while it opens or starts
    "malloc": (("ENOMEM",), 3000, 20000),
    "own-malloc": (("ENOMEM",), 1500, 1500),
    "write": (("EIO", "ENOSPC", "EDQUOT"), 100, 12),
    "short-write": (("EIO", "ENOSPC"), 100, 12),
    "sync": (("EIO",), 60, 6),
    "open": (("EIO", "ENOSPC", "EMFILE"), 4, 20),
    "rename": (("EIO", "ENOSPC"), 1, 2),
    "unlink": (("EIO",), 4, 8),
}
STARTING = ("sync", "own-malloc", "write", "open", "short-write", "rename", "unlink")
ONLY_AT_OPENING = ("rename",)
REFUSALS = {1, 10, 15, 16}  # failed, unreadable, full, the system refused
CONFIG = 3  # without memory its settings cannot be read
BORROWED = r"lib(stdc\+\+|grpc|gpr|absl|leveldb|upb|address_sorting|re2|cares|ssl|crypto)"  # they abort when they get no memory
BENEATH = r"(libc\.|libgcc_s|ld-linux)"
CLOSED, REOPENED = "no emit is accepted until", "the log could not be opened anew"
MISSED_S, WORDS_MAX = 3, 4000


class Attack:
    def __init__(self, room):
        self.room, self.random, self.data = room, room.random, room.dir / "data"
        self.failing = Failing(room.dir / "plan", self.data, room.build)
        self.photond = Attacked(self.data, *FLAGS, **self.failing.environment)
        self.counts, self.crashes, self.load, self.probes = collections.Counter(), 0, None, None

    def begin(self):
        self.must_start()
        if self.room.seed % 2 == 0:
            self.load = Load(self.photond.url, self.room, *LOAD)
        self.probes = Probes(self.room.build, self.photond.port, 0 if self.load else 3)
        self.probes.wait_served()

    def must_start(self):
        if not self.photond.start():
            raise Broken(f"photond did not start: {self.photond.code}: {self.photond.said}")

    # ---- every fault of a start ----

    def every_start(self, kind, error):
        """The first call of a kind fails, the second, and so on until a start makes no more; returns how many that were."""
        self.probes.may_die, nth = True, 0
        self.photond.kill()
        while True:
            nth += 1
            how = {"kind": kind, "error": error, "nth": nth}
            self.failing.arm(**how)
            if self.photond.start():
                self.photond.kill()
            else:
                try:
                    self.judge_end(how)
                except Broken as broken:
                    raise Broken(f"starting: {kind} {nth} fails: {broken}; the call was made by {self.failing.first}") from None
                self.start_whole()
            if not self.failing.hits:
                break
        self.failing.disarm()
        self.must_start()
        self.probes.wait_served()
        self.probes.may_die = False
        self.room.say(f"starting: {kind} 1 to {nth - 1} fail with {error}, one at a time")
        return nth - 1

    def start_whole(self):
        """A start that fails late leaves a log, which the next opens, too: that one's call would be the same again, one later."""
        self.failing.disarm()
        self.must_start()
        self.photond.kill()

    # ---- one fault ----

    def one(self):
        """Was there a fault at all?"""
        kind = self.random.choice(sorted(KINDS))
        phase = self.random.choice(("serving", "serving", "opening", "starting"))
        if kind in ONLY_AT_OPENING and phase == "serving":
            phase = "opening"
        errors, serving, opening = KINDS[kind]
        nth = 1 + int((serving if phase == "serving" else opening) ** self.random.random())
        how = {"kind": kind, "error": self.random.choice(errors), "nth": nth, "forever": self.random.random() < 0.4}
        what = f"{phase}: {kind} {nth} fails with {how['error']}{', and all after it' if how['forever'] else ''}"
        begun = clock.now()
        try:
            getattr(self, phase)(how)
        except Broken as broken:
            words = self.photond.said[-WORDS_MAX:]
            raise Broken(f"{what}: {broken}; the call was made by {self.failing.first}; photond's last words: {words}") from None
        hit = self.failing.hits > 0
        self.room.say(f"{what}: {'met' if hit else 'not met'}, {self.failing.death or 'no crash'}, {clock.now() - begun:.2f} s")
        self.counts[f"{phase}: {kind}"] += hit
        return hit

    def serving(self, how):
        begun, before = clock.now(), len(self.photond.said)
        self.expect(how)
        self.failing.arm(**how)
        self.wait_met(begun)
        if how["forever"] and not self.has_ended():
            self.probes.wait(self.answered_or_ended(), "all have an answer")
        self.mend(how)
        said = self.photond.said[before:]
        alone = CLOSED in said and REOPENED not in said  # else it was the call of a reopening, and readers are told to try again
        if how["kind"] in ("write", "short-write", "sync") and not how["forever"] and alone:
            for refused in self.probes.refusals(begun, self.probes.readers):
                raise Broken(f"a read failed: {refused}")

    def opening(self, how):
        """While no sync succeeds photond tries again and again to open its log anew; then it can, and meets the fault."""
        self.expect(how)
        self.failing.arm("sync", forever=True)
        self.probes.wait(lambda: self.failing.hits > 1, "what is written cannot be synced, and a trial neither")
        self.failing.arm(**how)
        self.wait_met(clock.now())
        self.mend(how)

    @property
    def mark_is_torn(self):
        """Half a mark may have been written, which verify reports, and the next commit mends."""
        return self.failing.armed == "short-write" and self.failing.hits > 0

    def starting(self, how):
        self.probes.may_die = True
        if self.random.random() < 0.5:
            self.photond.kill()
        elif self.photond.stop() != 0:
            raise Broken(f"photond ended with {self.photond.code}: {self.photond.said}")
        if self.random.random() < 0.2 and not self.mark_is_torn:
            check_sound(self.data)
        self.failing.arm(**how)
        if not self.photond.start():
            self.judge_end(how)
        self.mend(how)

    def expect(self, how):
        self.probes.may_die, self.probes.no_memory = how["kind"] == "malloc", "malloc" in how["kind"]

    def wait_met(self, begun):
        """Or not: then there were not so many calls of that kind."""
        self.probes.wait(lambda: self.failing.hits or self.has_ended() or clock.now() > begun + MISSED_S, "the call is made")

    def answered_or_ended(self):
        calls = {probe: probe.calls for probe in self.probes.all}
        return lambda: self.has_ended() or all(probe.calls > calls[probe] + 1 for probe in self.probes.all)

    def has_ended(self):
        return self.photond.code is not None

    def mend(self, how):
        """Everything is as it should be from now on."""
        self.failing.disarm()
        self.probes.wait(self.served_or_ended(), "all are served again")
        if self.has_ended():
            self.judge_end(how)
            self.must_start()
            self.probes.wait_served()
        self.probes.may_die = self.probes.no_memory = False

    def served_or_ended(self):
        since = clock.now()
        return lambda: self.has_ended() or all(probe.served[-1] > since for probe in self.probes.all)

    # ---- judging ----

    def judge_end(self, how):
        death, said, code = self.failing.death, self.photond.said.strip(), self.photond.code
        if not death and (code in REFUSALS or (code == CONFIG and "malloc" in how["kind"])):
            tells = r"no memory|cannot start" if "malloc" in how["kind"] else re.escape(str(self.data))
            if not re.search(tells, said):
                raise Broken(f"photond ended with {code} and does not say why: {said}")
            return
        frames = death.split(": ", 1)[-1].split() or self.failing.first.split()  # one may die without words: on a stack that is gone
        guilty = [frame for frame in frames if not re.match(BENEATH, frame)]
        if how["kind"] != "malloc" or not guilty or not re.match(BORROWED, guilty[0]):
            raise Broken(f"photond crashed, {code}: {death}: {said}")
        self.crashes += 1

    def end(self):
        self.probes.stop()
        if self.load:
            self.load.end()
            self.load.check()
        self.photond.kill()
        check_sound(self.data)
        self.must_start()
        with Stock(self.room.build, self.photond.port) as stock:
            count = self.probes.judge_log(stock)
        self.room.say(f"{count} events acknowledged, none lost; {self.crashes} crashes of libraries without memory")
        for name, met in sorted(self.counts.items()):
            self.room.say(f"{met:4}  {name}")

    def close(self):
        if self.probes:
            self.probes.stopping.set()
        if self.load:
            self.load.kill()
        self.photond.kill()
        self.failing.close()


def episode(room):
    attack, met = Attack(room), 0
    kind = STARTING[room.seed % len(STARTING)]
    try:
        attack.begin()
        met += attack.every_start(kind, KINDS[kind][0][0])
        for _ in range(FAULTS[0 if room.short else 1]):
            met += attack.one()
        attack.end()
    finally:
        attack.close()
    return met
