"""64 clients race for one stream after another, each expecting the version that it has seen last, while photond is killed and held up.

Of those that expect the same version one wins, and who is refused must have been behind at some moment of its call: history_check."""
from struck import Strikes, strike_under_load

FAULT = "64 writers racing by expected version, with faults"
HOW = "SIGKILL and SIGSTOP of photond meanwhile; expectations, refusals and reads are checked for linearizability; a try is an emit"
TRIES = (1000, 200000)

STRIKES = Strikes(times=(4, 60), between_s=(0.8, 1.6), stall_s=0.4, killed=0.7)


def episode(room):
    said = strike_under_load(room, STRIKES, ("--racers", "64", "--writers", "0", "--subscribers", "2"))
    return sum(said[outcome] for outcome in ("ok", "refused", "unknown", "failed"))
