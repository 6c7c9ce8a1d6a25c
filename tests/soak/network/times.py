"""What histories (tests/history/history.h) tell about time: when who had a success."""
import struct
from pathlib import Path

RECORD = struct.Struct("=BBBBIIIQQQqqQq")  # kind, outcome, expect, mode, client, number, count, id, …, time
EMITTED, READ_DONE, EVENT, ACT, ANSWER = 4, 6, 8, 12, 13
RETURNED, SEEN, OK = {EMITTED, READ_DONE, ANSWER}, {EVENT, ACT}, 1


def successes(folder):
    """For each client, as (file, number): the times of its successes in s of time.monotonic(), rising."""
    found = {}
    for path in sorted(Path(folder).glob("*.history")):
        whole = path.read_bytes()
        whole = whole[:len(whole) - len(whole) % RECORD.size]
        for kind, outcome, _, _, client, *_, time_ns in RECORD.iter_unpack(whole):
            if kind in SEEN or kind in RETURNED and outcome == OK:
                found.setdefault((path.name, client), []).append(time_ns / 1e9)
    return {who: sorted(times) for who, times in found.items()}


def first_after(times, moment):
    """How long after a moment the first success was; None: there was none."""
    return next((time - moment for time in times if time > moment), None)


def longest_silence(times, begin, end):
    within = [begin, *(time for time in times if begin < time < end), end]
    return max(later - earlier for earlier, later in zip(within, within[1:]))
