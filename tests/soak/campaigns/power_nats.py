"""A peer: what it loses is counted (peer_attacks.py)."""
import peer_attacks
from peers import Nats

FAULT = "power cut, nats-server 2.9.10"
HOW = "as it comes: JetStream, file storage (this version has no `sync_interval`)"
TRIES = (0, 1000)


def episode(room):
    return peer_attacks.power(room, Nats())
