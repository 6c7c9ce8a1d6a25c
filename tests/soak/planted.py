"""A store of some thousand events over several tables and a log, and a judge who knows every one of them."""
from attacked import Attacked
from failing import Failing
from promise import Broken
from stock import Refused, Stock

FLAGS = ("--write-buffer-bytes", "1MiB", "--file-bytes", "1MiB", "--ballast-bytes", "1MiB")
STREAMS, DELETED, BYTES, SAMPLE = 12, "s/0", 5 << 19, 25

WRITING = ("CORRUPT", "STORE_UNAVAILABLE")  # LevelDB met the damage in a compaction, so a write has failed


def facts(event):
    return event.order_id, event.version, event.stream_name, event.event_id, bytes(event.payload)


class Planted:
    """`how` is the state that it is left in: "killed", with a log; "stopped" and opened once more, so that all is in tables;
    "flushing", killed while a full log waits to become a table, beside its successor."""

    def __init__(self, room, how):
        self.random, self.seed, self.build, self.data = room.random, room.seed, room.build, room.dir / "planted"
        self.events, self.batches, self.unknown = [], [], set()  # in the log's order; as emitted; ids that may be there
        failing = Failing(room.dir / "plan", self.data, room.build)
        photond = Attacked(self.data, *FLAGS, **failing.environment)
        try:
            self.plant(photond, failing, how)
        finally:
            photond.kill()
            failing.close()

    def plant(self, photond, failing, how):
        self.start(photond)
        with Stock(self.build, photond.port) as stock:
            self.fill(stock, BYTES)
            self.delete(stock)
            if how == "flushing":
                self.fill_until_refused(stock, failing)
            else:
                self.fill(stock, BYTES // 10)
        photond.kill()
        if how == "stopped":
            self.start(photond)
            photond.stop()

    def start(self, photond):
        if not photond.start():
            raise Broken(f"photond did not start: {photond.said}")

    def emit(self, stock):
        """One event to one stream, or many to many."""
        many = self.random.choice((1, 1, 1, 7, 40))
        size = self.random.choice((20, 300, 1500, 1500, 20000 if many == 1 else 600))
        batch = [stock.event(f"s/{self.random.randrange(STREAMS)}", f"{self.seed}-{len(self.batches)}-{i}",
                             self.random.randbytes(size)) for i in range(many)]
        self.unknown = {event.event_id for event in batch}
        places = stock.emit(batch).stored
        self.unknown = set()
        self.batches.append((batch, [(place.order_id, place.version) for place in places]))
        self.events += [(place.order_id, place.version, event.stream_name, event.event_id, bytes(event.payload))
                        for event, place in zip(batch, places)]
        return many * size

    def fill(self, stock, bytes):
        while bytes > 0:
            bytes -= self.emit(stock)

    def delete(self, stock):
        self.deletion = stock.delete(DELETED).order_id
        self.events = [event for event in self.events if event[2] != DELETED]

    def fill_until_refused(self, stock, failing):
        """LevelDB cannot make a table of what is in memory, so the log of that stays beside the next one."""
        failing.arm("open", forever=True, only=".ldb")
        try:
            while True:
                self.emit(stock)
        except Refused as refused:
            if refused.reason != "STORE_UNAVAILABLE":
                raise Broken(f"a table cannot be made, and photond says: {refused}") from None

    # ---- judging ----

    def judge(self, stock):
        """Everything is served rightly: None. Else the first CORRUPT that was met; Broken for anything worse."""
        wrong = [self.judge_read(stock, "__all__"), self.judge_read(stock, "__all__", backwards=True)]
        wrong += [self.judge_read(stock, f"s/{i}") for i in range(STREAMS)]
        wrong += [self.judge_read(stock, "s/**")]
        wrong += [self.judge_get(stock, event) for event in self.random.sample(self.events, SAMPLE)]
        wrong += [self.judge_retry(stock, *batch) for batch in self.random.sample(self.batches, SAMPLE)]
        wrong += [self.judge_next(stock, f"s/{i}") for i in range(STREAMS)]
        return next((one for one in wrong if one), None)

    def expected(self, stream):
        return [event for event in self.events if stream in ("__all__", "s/**") or event[2] == stream]

    def judge_read(self, stock, stream, **asked):
        events, refused = stock.read(stream, **asked)
        wanted = self.expected(stream)[::-1 if asked else 1]
        got = [facts(event) for event in events
               if event.order_id != self.deletion and event.event_id not in self.unknown]
        self.judge_refusal(refused, f"reading {stream}")
        if got != wanted[:len(got)]:
            place = next(i for i, pair in enumerate(zip(got, wanted + [None])) if pair[0] != pair[1])
            raise Broken(f"{stream}: event {place} is {got[place][:4]}, and should be {wanted[place:place + 1]}"[:600])
        if not refused and len(got) < len(wanted):
            raise Broken(f"{stream}: {len(wanted) - len(got)} of {len(wanted)} events are silently missing at the end")
        return refused

    def judge_get(self, stock, event):
        return self.judge_call(lambda: facts(stock.get(event_id=event[3])) == event, f"event {event[3]}")

    def judge_retry(self, stock, batch, places):
        def is_known():
            answer = stock.emit(batch)
            return answer.duplicate and [(place.order_id, place.version) for place in answer.stored] == places
        return self.judge_call(is_known, f"a retry of {batch[0].event_id}", WRITING)

    def judge_next(self, stock, stream):
        versions = [place[1] for batch, places in self.batches for event, place in zip(batch, places)
                    if event.stream_name == stream]

        def is_next():
            new = stock.emit([stock.event(stream, f"next-{stream}", b"next")]).stored[0]
            return len(versions) < new.version <= len(versions) + 1 + len(self.unknown)
        return self.judge_call(is_next, f"the next event of {stream}", WRITING)

    def judge_call(self, is_right, what, allowed=("CORRUPT",)):
        try:
            if not is_right():
                raise Broken(f"{what}: a wrong answer")
        except Refused as refused:
            self.judge_refusal(refused, what, allowed)
            return refused
        return None

    def judge_refusal(self, refused, what, allowed=("CORRUPT",)):
        if refused and (refused.reason not in allowed or not refused.message):
            raise Broken(f"{what}: {refused}")
