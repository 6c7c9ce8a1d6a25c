"""A clock for promises that are a time, on a machine that has other work: it goes on only while this process does. A process that gets
no processor for a second finds that a tenth has passed, so whoever is kept waiting as long is not blamed."""
import threading
import time

TICK_S, TICK_MAX_S = 0.02, 0.1


class Fair:
    def __init__(self):
        self.passed, self.stopping = 0.0, threading.Event()
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        last = time.monotonic()
        while not self.stopping.wait(TICK_S):
            now = time.monotonic()
            self.passed += min(now - last, TICK_MAX_S)
            last = now

    def now(self):
        return self.passed


clock = Fair()
