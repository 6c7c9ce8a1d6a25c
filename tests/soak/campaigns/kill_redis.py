"""A peer: what it loses is counted (peer_attacks.py)."""
import peer_attacks
from peers import Redis

FAULT = "SIGKILL, redis-server 7.0.15"
HOW = "as it comes: snapshots"
TRIES = (0, 2000)


def episode(room):
    return peer_attacks.kill(room, Redis())
