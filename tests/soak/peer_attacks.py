"""Power cuts and SIGKILL under a peer (peers.py), as under photond: the same disk, the same cuts, the same kind of load. What is lost
of what was acknowledged is counted, and breaks no promise of ours: an episode returns (tries, how many of them lost something)."""
import threading
import time

from peers import LIMIT_S, item_of
from power_lab import Disk, Recording, chance_of, make_image, need_disks

WRITERS, ITEMS = 4, 80  # 80, 160, 240, 320 items, with 1, 4, 16, 64 under way
CUTS, KILLS = 40, 20


class Load:
    """Writers, each noting what has been acknowledged, and when."""

    def __init__(self, peer, seed, first=0, items=ITEMS):
        self.peer, self.seed, self.acks, self.errors = peer, seed, [], []
        self.some = threading.Condition()
        self.threads = [threading.Thread(target=self.write, args=(first + n, (n + 1) * items, 4 ** n)) for n in range(WRITERS)]
        for thread in self.threads:
            thread.start()

    def write(self, writer, items, under_way_max):
        try:
            link = self.peer.link()
            sent = done = 0
            while done < items:
                while sent < items and sent - done < under_way_max:
                    link.write(item_of(self.seed, writer, sent))
                    sent += 1
                for _ in range(link.acknowledged()):
                    with self.some:
                        self.acks.append((time.monotonic_ns(), writer, done))
                        self.some.notify()
                    done += 1
            link.close()
        except (OSError, RuntimeError) as error:  # the end of a store that is killed
            with self.some:
                self.errors.append(f"{type(error).__name__}: {error}")
                self.some.notify()

    def wait_for(self, acks):
        with self.some:
            self.some.wait_for(lambda: len(self.acks) >= acks or self.errors, timeout=LIMIT_S)

    def join(self):
        for thread in self.threads:
            thread.join()
        return self.acks


def still_there(peer, seed, acks):
    """Of what was acknowledged, what can be read as it was written."""
    link = peer.link()
    items = set(link.read_all())
    link.close()
    return [ack for ack in acks if item_of(seed, *ack[1:]) in items]


def record(room, peer):
    image, log = room.dir / "image", room.dir / "log"
    make_image(image)
    with Disk(room.dir, image, log=log) as disk, peer.running(disk.root) as trouble:
        if trouble:
            raise RuntimeError(f"{peer.PROGRAM} does not start: {trouble}")
        peer.prepare()
        load = Load(peer, room.seed)
        acks = load.join()
        if load.errors:
            raise RuntimeError(f"without any fault: {load.errors[0]}")
        peer.kill()
        logged = log.stat().st_size  # unmounting is no part of it
    recording = Recording(image, log, logged)
    log.unlink()
    return recording, acks


def power(room, peer):
    """Cuts of one recording."""
    peer.need()
    need_disks()
    recording, acks = record(room, peer)
    lost = 0
    for place, until in recording.moments(room.random, CUTS, [ack[0] for ack in acks], since=acks[0][0]):
        how, undo = recording.cut(place, chance_of(room.seed, place))
        due = [ack for ack in acks if ack[0] <= until]
        with Disk(room.dir, recording.image) as disk, peer.running(disk.root) as trouble:
            gone = len(due) - (0 if trouble else len(still_there(peer, room.seed, due)))
        undo()
        lost += gone > 0
        room.say(f"{how}: {gone} of {len(due)} lost{', it does not start: ' + trouble[-300:] if trouble else ''}")
    return CUTS, lost


def kill(room, peer):
    """SIGKILL at some moment of a load, again and again on one directory."""
    peer.need()
    lost, acks = 0, []
    for n in range(KILLS + 1):
        with peer.running(room.dir) as trouble:
            if trouble:
                raise RuntimeError(f"{peer.PROGRAM} does not start: {trouble}")
            peer.prepare()
            there = still_there(peer, room.seed, acks)
            lost += len(there) < len(acks)
            room.say(f"{len(acks) - len(there)} of {len(acks)} lost")
            if n < KILLS:
                load = Load(peer, room.seed, first=n * WRITERS)
                load.wait_for(room.random.randint(1, 700))
        acks = there + load.join()
    return KILLS, lost
