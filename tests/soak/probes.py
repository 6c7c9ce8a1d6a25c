"""Clients of one photond that see each answer as it is, and remember all of them: writers, which repeat an event until its outcome
is known, and readers. They go on through every failure and judge it: is it one that is documented, and did it come in time?"""
import threading

from fair import clock
from promise import Broken
from stock import Refused, Stock

HANG_S = 5
PAUSE_S = 0.02
GIVE_UP_S = 300  # never waited for in a run that is well
WRITING = {"STORE_FULL", "STORE_UNAVAILABLE", "BUSY"}
READING = {"STORE_UNAVAILABLE", "BUSY"}
LOST = {"UNAVAILABLE", "UNKNOWN", "INTERNAL", "CANCELLED"}  # gRPC's own, when the connection ends
NO_TIME = "connection attempt timed out"  # the client's own limit, on a machine that is behind
SPEECHLESS = {"RESOURCE_EXHAUSTED", "UNAVAILABLE"}  # what is left to say when there is no memory for a reason


class Probe(threading.Thread):
    def __init__(self, probes, number):
        super().__init__(daemon=True)
        self.probes, self.number, self.calls = probes, number, 0
        self.refusals, self.served = [], []  # (when, Refused); when

    def run(self):
        with Stock(self.probes.build, self.probes.port) as stock:
            while not self.probes.stopping.is_set():
                begun = clock.now()
                try:
                    self.once(stock)
                    self.served.append(clock.now())
                except Refused as refused:
                    self.refusals.append((begun, refused))
                    self.judge(refused)
                    self.probes.stopping.wait(PAUSE_S)
                if clock.now() - begun > HANG_S:
                    self.probes.broken.append(f"{self.what} hung for {clock.now() - begun:.1f} s")
                self.calls += 1
                self.probes.tell()

    def judge(self, refused):
        lost = not refused.reason and refused.code in LOST
        speechless = self.probes.no_memory and not refused.reason and refused.code in SPEECHLESS
        if not lost and not speechless and (refused.reason not in self.allowed or not refused.retryable or not refused.message):
            self.probes.broken.append(f"{self.what}: {refused}")
        if lost and not speechless and not self.probes.may_die and NO_TIME not in refused.message:
            self.probes.broken.append(f"{self.what}: the connection was lost: {refused}")


class Writer(Probe):
    what, allowed = "an emit", WRITING

    def __init__(self, probes, number):
        super().__init__(probes, number)
        self.places = []  # (order id, version) of each event, by its number

    def once(self, stock):
        number = len(self.places)
        stored = stock.emit([stock.event(f"probe/{self.number}", f"probe-{self.number}-{number}",
                                         payload_of(number, self.probes.bytes))]).stored[0]
        self.places.append((stored.order_id, stored.version))


class Reader(Probe):
    what, allowed = "a read", READING

    def once(self, stock):
        for asked in ({"max": 20, "backwards": True}, {"max": 20}):
            _, refused = stock.read("__all__" if self.number % 2 else f"probe/{self.number}", **asked)
            if refused:
                raise refused


def payload_of(number, bytes):
    return (f"{number}.".encode() * bytes)[:bytes]


class Probes:
    """may_die: the process may end now, and connections with it; no_memory: it may lack that, even for the reason of a failure."""

    def __init__(self, build, port, writers=3, readers=2, bytes=8000):
        self.build, self.port, self.bytes, self.may_die, self.no_memory = build, port, bytes, False, False
        self.stopping, self.changed, self.broken = threading.Event(), threading.Condition(), []
        self.writers = [Writer(self, i) for i in range(writers)]
        self.readers = [Reader(self, i) for i in range(readers)]
        self.all = self.writers + self.readers
        for probe in self.all:
            probe.start()

    def tell(self):
        with self.changed:
            self.changed.notify_all()

    def wait(self, is_so, what):
        """How long that took."""
        begun = clock.now()
        with self.changed:
            if not self.changed.wait_for(lambda: is_so() or self.broken, GIVE_UP_S):
                raise Broken(f"after {GIVE_UP_S} s still not: {what}")
        self.check()
        return clock.now() - begun

    def check(self):
        if self.broken:
            raise Broken("; ".join(self.broken[:3]))

    def wait_served(self):
        """Until every probe was served by a call that ended after now."""
        since = clock.now()
        return self.wait(lambda: all(probe.served and probe.served[-1] > since for probe in self.all),
                         "all are served again")

    def wait_answered(self):
        """Until every probe has had an answer, whichever, to a call that began after now."""
        since = {probe: probe.calls for probe in self.all}
        return self.wait(lambda: all(probe.calls > since[probe] + 1 for probe in self.all), "all have an answer")

    def wait_written(self):
        """Until an emit that ended after now was stored."""
        since = clock.now()
        return self.wait(lambda: any(probe.served and probe.served[-1] > since for probe in self.writers),
                         "an emit is stored")

    def count(self):
        return sum(len(writer.places) for writer in self.writers)

    def refusals(self, since, probes=None):
        return [refused for probe in probes or self.all for when, refused in probe.refusals if when >= since]

    def stop(self):
        self.stopping.set()
        for probe in self.all:
            probe.join(GIVE_UP_S)
        self.check()

    def judge_log(self, stock):
        """What was acknowledged is there, once, in its place; returns how much that is."""
        for writer in self.writers:
            events, refused = stock.read(f"probe/{writer.number}")
            if refused:
                raise Broken(f"the final read: {refused}")
            got = [(event.order_id, event.version) for event in events[:len(writer.places)]]
            if got != writer.places:
                wrong = next(i for i, pair in enumerate(zip(got + [None], writer.places)) if pair[0] != pair[1])
                raise Broken(f"probe/{writer.number}: event {wrong} was acknowledged at {writer.places[wrong]} and is "
                             f"{(got + [None])[wrong]}; {len(events)} are there, {len(writer.places)} were acknowledged")
            if len(events) > len(writer.places) + 1:
                raise Broken(f"probe/{writer.number}: {len(events)} are there, of {len(writer.places)} that were emitted")
            for i, event in enumerate(events):
                if event.event_id != f"probe-{writer.number}-{i}" or event.payload != payload_of(i, self.bytes):
                    raise Broken(f"probe/{writer.number}: event {i} is {event.event_id}, or of other content")
        return self.count()
