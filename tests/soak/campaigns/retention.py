"""Events are kept for a time, and up to a number, while others write and photond is killed: what should go goes, nothing else does, the
store is sound, and the disk gets back what went. Says how long the slowest emit took that no kill met."""
import threading
import time
from collections import Counter

from attacked import Attacked
from fair import clock
from promise import Broken
from sound import check_sound
from stock import Refused, Stock

FAULT = "events are deleted in the background, and photond is killed"
HOW = "policies by age and by number, for patterns, under writers; kill -9 at random moments; the disk falls, no emit takes 250 ms"
TRIES = (2, 100)
ALONE = True
EVENTS, KILLS = (1500, 20000), (2, 10)
FLAGS = ("--write-buffer-bytes", "1MiB", "--file-bytes", "1MiB")
WRITERS, STREAMS, KEPT, AGE_MS, BYTES = 4, 5, 50, 2000, 10000
PAUSE_MAX_MS = 250  # not with --short, which is run beside others
INDEX_BYTES, SLACK_BYTES = 200, 8 << 20  # what stays of an event; LevelDB's logs, and what is too little to be worth it
GIVE_UP_S = 300  # never waited for in a run that is well
PAUSE_S = 0.02


class Writer(threading.Thread):
    """Repeats each event until it is stored; remembers how many each stream holds, and how long each call took."""

    def __init__(self, load, number):
        super().__init__(daemon=True)
        self.load, self.number, self.stored, self.took = load, number, Counter(), []

    def run(self):
        with Stock(self.load.build, self.load.port) as stock:
            for n in range(self.load.each):
                kind = ("age", "count", "kept")[n % 3]
                stream = f"{kind}/{n % STREAMS}" if kind != "kept" else f"kept/{self.number}"
                self.store(stock, stock.event(stream, f"{self.number}-{n}", b"x" * BYTES))
                self.stored[stream] += 1
                self.load.done += 1

    def store(self, stock, event):
        while not self.load.broken:
            begun, kills = clock.now(), self.load.kills
            try:
                stock.emit([event])
            except Refused as refused:
                if not self.load.down and kills == self.load.kills and refused.reason:
                    self.load.broken = f"an emit was refused: {refused}"
                time.sleep(PAUSE_S)
                continue
            if not self.load.down and kills == self.load.kills:
                self.took.append(clock.now() - begun)
            return


class Load:
    def __init__(self, room, port, events):
        self.build, self.port, self.each = room.build, port, events // WRITERS
        self.done, self.kills, self.down, self.broken = 0, 0, False, ""
        self.writers = [Writer(self, number) for number in range(WRITERS)]
        for writer in self.writers:
            writer.start()

    def wait(self, events):
        begun = clock.now()
        while self.done < events and any(writer.is_alive() for writer in self.writers):
            if clock.now() - begun > GIVE_UP_S:
                raise Broken(f"after {GIVE_UP_S} s only {self.done} events of {events} are stored")
            time.sleep(PAUSE_S)
        if self.broken:
            raise Broken(self.broken)

    def stored(self):
        return sum((writer.stored for writer in self.writers), Counter())


def set_policies(room, port):
    with Stock(room.build, port) as stock:
        for pattern, limit in (("age/**", {"max_age_ms": AGE_MS}), ("count/**", {"max_count": KEPT})):
            policy = stock.make("muon.v1.Retention", pattern=pattern, **limit)
            stock.call("SetRetention", stock.make("muon.v1.SetRetentionRequest", set=policy))


def listed(room, port):
    with Stock(room.build, port) as stock:
        answers = stock.call("ListStreams", stock.make("muon.v1.ListStreamsRequest", deleted=True), many=True)
    return {stream.stream_name: stream for answer in answers for stream in answer.stream}


def is_done(streams, stored):
    """What is too old, or too much, is gone. What should stay is judged in any case."""
    for name, count in stored.items():
        stream = streams[name]
        if stream.last_version != count:
            raise Broken(f"{name}: {count} events were stored, its last version is {stream.last_version}")
        if name.startswith("kept/") and stream.total_events != count:
            raise Broken(f"{name}: {count} events were stored, and {stream.total_events} are left")
        if name.startswith("count/") and stream.total_events < min(count, KEPT):
            raise Broken(f"{name}: only {stream.total_events} events are left")
    return all(streams[name].total_events <= (0 if name.startswith("age/") else KEPT)
               for name in stored if not name.startswith("kept/"))


def disk_bytes(data):
    total = 0
    for path in data.glob("data/*"):
        try:
            total += path.stat().st_size
        except FileNotFoundError:
            pass  # it was compacted away
    return total


def wait_for_disk(data, stored, streams):
    """Until it holds what is kept, an index, and hardly more."""
    kept = sum(streams[name].total_events for name in stored)
    most = kept * BYTES * 8 // 7 + stored.total() * INDEX_BYTES + SLACK_BYTES
    begun = clock.now()
    while disk_bytes(data) > most:
        if clock.now() - begun > GIVE_UP_S:
            raise Broken(f"after {GIVE_UP_S} s there are {disk_bytes(data)} bytes on the disk, {kept} events are kept")
        time.sleep(PAUSE_S)


def attack(room, photond, data):
    events, kills = EVENTS[0 if room.short else 1], KILLS[0 if room.short else 1]
    set_policies(room, photond.port)
    load, used = Load(room, photond.port, events), []
    for kill in range(kills):
        load.wait(events * (kill + room.random.random()) / kills)
        used.append(disk_bytes(data))
        load.down, load.kills = True, load.kills + 1
        photond.kill()
        if not photond.start():
            raise Broken(f"photond did not start again: {photond.said}")
        load.down = False
    load.wait(events)
    used.append(disk_bytes(data))
    stored, begun = load.stored(), clock.now()
    while not is_done(listed(room, photond.port), stored):
        if clock.now() - begun > GIVE_UP_S:
            raise Broken(f"after {GIVE_UP_S} s there is still more than the policies say")
        time.sleep(PAUSE_S)
    wait_for_disk(data, stored, listed(room, photond.port))
    used.append(disk_bytes(data))
    took = sorted(t for writer in load.writers for t in writer.took)
    room.say(f"{sum(stored.values())} events stored; the slowest emit took {took[-1] * 1000:.0f} ms, "
             f"one in a thousand {took[-1 - len(took) // 1000] * 1000:.0f} ms")
    room.say("MiB on disk before each kill, when all is stored, and when what should go has gone: " + " ".join(f"{bytes / (1 << 20):.1f}" for bytes in used))
    if not room.short and took[-1] * 1000 > PAUSE_MAX_MS:
        raise Broken(f"an emit took {took[-1] * 1000:.0f} ms, with no kill near")
    return kills


def episode(room):
    data = room.dir / "data"
    photond = Attacked(data, *FLAGS)
    if not photond.start():
        raise Broken(f"photond did not start: {photond.said}")
    try:
        kills = attack(room, photond, data)
    finally:
        photond.kill()
    check_sound(data)
    return kills
