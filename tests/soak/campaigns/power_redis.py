"""A peer: what it loses is counted (peer_attacks.py)."""
import peer_attacks
from peers import Redis

FAULT = "power cut, redis-server 7.0.15"
HOW = "as it comes: snapshots"
TRIES = (0, 1000)


def episode(room):
    return peer_attacks.power(room, Redis())
