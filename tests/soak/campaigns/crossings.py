"""Subscriptions begin at random places and moments while emits run, go from history to live, and are followed a little farther.

What each delivers must be the log from where it began, without a gap and without a double, and it must not say that it is live before it
has all that was acknowledged when it began: history_check. Now and then photond is held up, or killed and started again."""
from struck import Strikes, strike_under_load

FAULT = "cold→live crossings under load"
HOW = "subscriptions to all, to patterns and to streams, from a random place; photond is stalled and killed meanwhile; a try is a crossing"
TRIES = (200, 10000)

STRIKES = Strikes(times=(4, 40), between_s=(0.5, 2.5), stall_s=0.3, killed=0.25)


def episode(room):
    return strike_under_load(room, STRIKES, ("--subscribers", "48", "--writers", "3", "--rate", "400"),
                             ("--write-buffer-bytes", "2 MiB"))["crossings"]
