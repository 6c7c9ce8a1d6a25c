"""Power cuts under photond. An episode records a chain of runs – a store that is made, and what was left of it by a cut, opened again and
written on – and looks at many cuts of each. Before that it shows that it would see a loss: the same with a store whose syncs do nothing."""
import subprocess

from photond import PHOTOND, Photond
from power_lab import LIMIT_S, PROGRAMS, Disk, Recording, chance_of, command, make_image, need_disks
from promise import Broken

FAULT = "power cut: what was not flushed is lost, torn, reordered"
HOW = "a block device of our own below ext4; creation, load, compaction, deletion, reopening"
TRIES = (40, 5000)

# Not journal_async_commit: ext4 itself does not mount any more when one block of its journal is torn (JBD2: "Invalid checksum").
FILE_SYSTEMS = [
    {}, {}, {},  # as mke2fs and mount have it
    {"mount": "data=journal"},
    {"mount": "data=writeback"},
    {"make": ["-O", "^metadata_csum"]},
]
SMALL = ["--write-buffer-bytes", "1MiB", "--file-bytes", "1MiB", "--ballast-bytes", "1MiB", "--drain-time", "2 s"]
WRITERS, OPERATIONS = 4, 80  # 80, 160, 240, 320 operations


class Store(Photond):
    """On a disk that is there; killed at the end of a with."""

    def __init__(self, root, preload=None):
        super().__init__(False, *SMALL, home=root, env={"LD_PRELOAD": str(preload)} if preload else None)

    def stop(self):
        self.process.terminate()
        self.process.wait(timeout=LIMIT_S)
        self.kill()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.kill()


class Run:
    """One recording: photond on the image, and writers; a cut's successor goes on where it left the store."""

    def __init__(self, room, number, file_system, operations, preload=None):
        self.dir, self.number, self.seed = room.dir / f"run{number}", number, room.seed
        self.options, self.operations, self.preload = file_system.get("mount", ""), operations, preload
        self.orderly = room.random.random() < 0.5
        self.dir.mkdir()
        self.image, self.acks, self.log = self.dir / "image", self.dir / "acks", self.dir / "log"

    def record(self):
        self.acks.touch()
        with Disk(self.dir, self.image, self.options, self.log) as disk, Store(disk.root, self.preload) as store:
            load = subprocess.run([PROGRAMS / "power_load", store.url, self.acks, str(self.seed), str(self.number * WRITERS),
                                   str(WRITERS), str(self.operations)], capture_output=True, text=True, timeout=LIMIT_S)
            if load.returncode:
                raise Broken(f"run {self.number}, without any fault: {load.stdout}{load.stderr}")
            store.stop() if self.orderly else store.kill()
            logged = self.log.stat().st_size  # unmounting is no part of it
        self.recording = Recording(self.image, self.log, logged)

    def look(self, place, until):
        """What a cut has left, now in the image: is it a store, is everything there, is it sound?"""
        with Disk(self.dir, self.image, self.options) as disk:
            try:
                store = Store(disk.root)
            except RuntimeError as error:
                raise Broken(f"{place}: {error}") from error
            with store:
                told = self.expect_success(place, PROGRAMS / "power_check", store.url, self.acks, self.seed, until, self.dir / "seen")
            self.expect_success(place, PHOTOND, "verify", "--data-dir", disk.root / "data")
            return told

    def expect_success(self, place, program, *words):
        done = subprocess.run([program, *map(str, words)], capture_output=True, text=True, timeout=LIMIT_S)
        if done.returncode:
            raise Broken(f"{place}: {program.name}: {done.stdout}{done.stderr}")
        return done.stdout.strip()

    def moments(self, chance, count):
        """A quarter of them before the first acknowledgement: while the store is made, or opened after a cut."""
        begun = self.recording.entries[0][0]
        acks = [time for line in self.acks.read_text().splitlines() if (time := int(line.split()[2])) >= begun]
        early = self.recording.moments(chance, count // 4, [], until=min(acks))
        return sorted(early + self.recording.moments(chance, count - count // 4, acks))

    def cut(self, place, until, successor=None):
        """One cut. The successor begins with what it leaves, and owes what has been read."""
        how, undo = self.recording.cut(place, chance_of(self.seed, self.number, place))
        try:
            told = self.look(f"run {self.number}, {how}", until)
            if successor:
                command("cp", "--sparse=always", self.image, successor.image)
                successor.acks.write_bytes((self.dir / "seen").read_bytes())
            return how, told
        except Broken:
            command("cp", "--sparse=always", self.image, self.dir / "broken")  # what the cut has left, for whoever looks into it
            raise
        finally:
            undo()


def cuts(room, run, count, successor=None):
    moments = run.moments(room.random, count)
    heir = room.random.randrange(count) if successor else None
    room.say(f"run {run.number}: {len(run.recording.entries)} entries, {run.recording.flushes} flushes")
    for n, (place, until) in enumerate(moments):
        how, told = run.cut(place, until, successor if n == heir else None)
        room.say(f"{how}: {told}")
    return count


def show_teeth(room, file_system):
    run = Run(room, 9, file_system, operations=20, preload=PROGRAMS / "libpower_nosync.so")
    make_image(run.image, *file_system.get("make", []))
    run.record()
    for place, until in run.moments(room.random, 10):
        try:
            run.cut(place, until)
        except Broken as broken:
            room.say(f"with syncs that do nothing, it sees: {broken}")
            return
    raise Broken("a store whose syncs do nothing has lost nothing in ten cuts: this attack sees nothing")


def episode(room):
    need_disks()
    file_system = room.random.choice(FILE_SYSTEMS)
    room.say(f"file system: {file_system}")
    show_teeth(room, file_system)
    runs = [Run(room, n, file_system, OPERATIONS // 2 if room.short else OPERATIONS) for n in range(2)]
    make_image(runs[0].image, *file_system.get("make", []))
    tries = 0
    for run, successor in zip(runs, [*runs[1:], None]):
        run.record()
        tries += cuts(room, run, 20, successor)
        run.image.unlink()
    return tries
