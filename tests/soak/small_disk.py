"""A small file system of a campaign's own, in a mount namespace that ends with the process."""
import ctypes
import os
import subprocess

from promise import Skipped

CLONE_NEWNS, MS_REC, MS_PRIVATE, MNT_DETACH = 0x20000, 0x4000, 1 << 18, 2
FILL_BYTES = 1 << 16
libc = ctypes.CDLL(None, use_errno=True)
is_apart = False


def set_apart():
    global is_apart
    if not is_apart and (libc.unshare(CLONE_NEWNS) or libc.mount(b"none", b"/", None, MS_REC | MS_PRIVATE, None)):
        raise Skipped(f"no mount namespace can be had: {os.strerror(ctypes.get_errno())}")
    is_apart = True


class SmallDisk:
    """kind: "tmpfs", or "ext4" on a loop device."""

    def __init__(self, room, kind, mib, inodes):
        set_apart()
        self.dir, self.taken = room.dir / "disk", []
        self.dir.mkdir()
        if kind == "tmpfs":
            self.run("mount", "-t", "tmpfs", "-o", f"size={mib}m,nr_inodes={inodes}", "tmpfs", self.dir)
        else:
            image = room.dir / "image"
            with image.open("wb") as file:
                file.truncate(mib << 20)
            self.run("mkfs.ext4", "-q", "-F", "-m", "0", "-N", str(inodes), image)
            self.run("mount", "-o", "loop", image, self.dir)

    def run(self, *command):
        try:
            done = subprocess.run(command, capture_output=True, text=True)
        except FileNotFoundError:
            raise Skipped(f"{command[0]} is not installed") from None
        if done.returncode:
            raise Skipped(f"{command[0]}: {done.stderr.strip()}")

    def close(self):
        libc.umount2(os.fsencode(self.dir), MNT_DETACH)

    def fill(self, but=0):
        """Take all the room there is, but for so many bytes."""
        path = self.dir / "filler"
        with path.open("wb", buffering=0) as file:
            try:
                while True:
                    file.write(bytes(FILL_BYTES))
            except OSError:
                file.truncate(max(0, file.tell() - but))
            os.fsync(file.fileno())
        self.taken.append(path)

    def take_inodes(self):
        try:
            while True:
                path = self.dir / f"taken-{len(self.taken)}"
                path.touch()
                self.taken.append(path)
        except OSError:
            pass

    def free(self):
        for path in self.taken:
            path.unlink()
        self.taken = []
