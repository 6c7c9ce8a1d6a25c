"""A disk whose power can be cut at any moment, and again at any other: the recording of one run gives as many cuts as one likes.

power_disk (tests/soak/power) is a file in a FUSE file system that logs each write and each flush; a loop device over it is the disk, with a
file system on it. What a cut leaves is computed from the log: all that was written before the last flush, and of what was written since
whatever a disk's cache may have got rid of by then: any blocks of it, in any order, perhaps with one of them torn."""
import bisect
import ctypes
import functools
import os
import random
import shutil
import struct
import subprocess
import time
from pathlib import Path

from promise import Skipped

PROGRAMS = Path(os.environ["MUON_BUILD"]) / "tests/soak/power"
ENTRY = struct.Struct("=QQII")  # struct entry of disk.c
WRITE, FLUSH = 1, 2
BLOCK, SECTOR = 4096, 512
LIMIT_S = 300
CLONE_NEWNS = 0x20000


def command(*words):
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True, timeout=LIMIT_S)
    if done.returncode:
        raise RuntimeError(f"{' '.join(map(str, words))}: {done.stdout}{done.stderr}")
    return done.stdout.strip()


@functools.lru_cache(maxsize=None)
def need_disks():
    """Raises Skipped where there can be none. Mounts are this process's own from here on, and gone with it, however it ends."""
    for path in ("/dev/fuse", "/dev/loop-control"):
        if not os.access(path, os.R_OK | os.W_OK):
            raise Skipped(f"{path} cannot be used")
    for tool in ("mke2fs", "losetup", "mount"):
        if not shutil.which(tool, path="/usr/sbin:/sbin:/usr/bin:/bin"):
            raise Skipped(f"there is no {tool}")
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNS) != 0:
        raise Skipped(f"no mounts of our own: {os.strerror(ctypes.get_errno())}")
    try:
        command("mount", "--make-rprivate", "/")
    except RuntimeError as error:  # in a chroot, for one
        raise Skipped(str(error)) from error


def make_image(path, *options):
    """An empty disk of 128 MiB with ext4; options are mke2fs's."""
    with open(path, "wb") as image:
        image.truncate(128 << 20)
    command("mke2fs", "-q", "-F", "-t", "ext4", "-b", BLOCK, "-E", "nodiscard,lazy_itable_init=0,lazy_journal_init=0",
            "-J", "size=4", *options, path)


class Disk:
    """An image as a disk, mounted at .root; with a log, recorded. Whoever uses the file system must be gone before close()."""

    def __init__(self, room, image, options="", log=None):
        self.stage, self.root, self.device, self.mounted = room / "disk", room / "root", None, False
        self.stage.mkdir(exist_ok=True)
        self.root.mkdir(exist_ok=True)
        words = [PROGRAMS / "power_disk", self.stage, image] + ([log] if log else [])
        self.process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
        if self.process.stdout.readline() != "ready\n":
            self.process.wait()
            raise Skipped("a FUSE file system cannot be mounted here")
        try:
            self.device = attach(self.stage / "disk")
            command("mount", "-t", "ext4", *(["-o", options] if options else []), self.device, self.root)
            self.mounted = True
            command("losetup", "-d", self.device)  # once it is not mounted any more, however that comes about
        except BaseException:
            self.close()
            raise

    def close(self):
        try:
            if self.mounted:
                command("umount", self.root)
        finally:
            if self.device and not self.mounted:
                command("losetup", "-d", self.device)
            self.process.terminate()
            self.process.wait()
            self.process.stdout.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def attach(path):
    """A loop device; another process may be faster at the one that was free."""
    for last in (False,) * 9 + (True,):
        try:
            return command("losetup", "--direct-io=on", "-f", "--show", path)
        except RuntimeError as error:
            if last:
                raise Skipped(f"there is no loop device: {error}") from error


class Recording:
    """What a disk has logged (so many bytes of it), over the image that it began with, which is consumed: cuts must come in the order
    of their places."""

    def __init__(self, image, log, size):
        self.image, self.log, self.applied = image, log.read_bytes()[:size], 0
        self.entries, at = [], 0  # (time, offset, length, kind, where its data is)
        while at + ENTRY.size <= len(self.log):
            entry = ENTRY.unpack_from(self.log, at)
            if at + ENTRY.size + entry[2] > len(self.log):
                break
            self.entries.append((*entry, at + ENTRY.size))
            at += ENTRY.size + entry[2]
        self.flushes = sum(entry[3] == FLUSH for entry in self.entries)

    def moments(self, chance, count, acks, since=0, until=float("inf")):
        """When to cut, rising, as (place, time): the entries before the place have come, and what was acknowledged by then must be there.
        One in four is just after an acknowledgement (acks: their times), one just after a write, two just before a flush that has
        something to flush, when most is at stake; these within the times."""
        acked = [moment for moment in acks if moment >= self.entries[0][0]]
        written = [place + 1 for place, entry in enumerate(self.entries) if entry[3] == WRITE and since <= entry[0] <= until]
        flushed = [place for place in written if place < len(self.entries) and self.entries[place][3] == FLUSH]

        def moment(wanted):
            if not wanted:
                at = chance.choice(acked)
                return bisect.bisect_right(self.entries, at, key=lambda entry: entry[0]), at
            place = chance.choice(wanted)
            return place, self.entries[place][0] if place < len(self.entries) else time.monotonic_ns()
        kinds = [] if acked else written, written, flushed, flushed
        return sorted(moment(kinds[n % 4]) for n in range(count))

    def advance(self, place):
        """The image as of the last flush before the place; returns the entry behind that flush."""
        flushed = max((n + 1 for n in range(self.applied, place) if self.entries[n][3] == FLUSH), default=self.applied)
        with open(self.image, "r+b") as image:
            for entry in self.entries[self.applied:flushed]:
                if entry[3] == WRITE:
                    image.seek(entry[1])
                    image.write(self.log[entry[4]:entry[4] + entry[2]])
        self.applied = flushed
        return flushed

    def cut(self, place, chance):
        """Make the image what a cut at the place leaves; returns the words for it, and what undoes it."""
        blocks = [block for entry in self.entries[self.advance(place):place] if entry[3] == WRITE for block in self.blocks(entry)]
        kept, how = survivors(blocks, chance)
        before = []
        with open(self.image, "r+b") as image:
            for offset, data in kept:
                image.seek(offset)
                before.append((offset, image.read(len(data))))
                image.seek(offset)
                image.write(data)

        def undo():
            with open(self.image, "r+b") as image:
                for offset, data in reversed(before):
                    image.seek(offset)
                    image.write(data)
        return f"place {place} of {len(self.entries)}, {len(blocks)} blocks not flushed, {how}", undo

    def blocks(self, entry):
        """A write, in blocks: a disk owes nobody to keep them together."""
        _, offset, length, _, at = entry
        end = offset + length
        while offset < end:
            size = min(BLOCK - offset % BLOCK, end - offset)
            yield offset, self.log[at:at + size]
            offset, at = offset + size, at + size


def survivors(blocks, chance):
    """Which of the blocks that were not flushed a cut leaves, and in which order they got there."""
    how = chance.choice(("none kept", "all kept", "few kept", "half kept", "most kept"))
    share = {"none kept": 0, "all kept": 1, "few kept": 0.1, "half kept": 0.5, "most kept": 0.9}[how]
    kept = [block for block in blocks if chance.random() < share]
    if chance.random() < 0.5:
        chance.shuffle(kept)
        how += ", in any order"
    # Not the superblock: ext4 writes it in place, and does not mount one that is torn.
    torn = [place for place, (offset, data) in enumerate(kept) if len(data) > SECTOR and offset >= BLOCK]
    if torn and chance.random() < 0.5:
        place = chance.choice(torn)
        offset, data = kept[place]
        kept[place] = offset, data[:SECTOR * chance.randrange(1, (len(data) + SECTOR - 1) // SECTOR)]
        how += ", one torn"
    return kept, how


def chance_of(*words):
    return random.Random(" ".join(map(str, words)))
