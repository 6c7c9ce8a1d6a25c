"""Makes calls of a running photond fail, through the preload of tests/soak/storage (failing.h has the layout)."""
import errno
import mmap
import struct

KINDS = ("none", "malloc", "own-malloc", "write", "short-write", "sync", "open", "rename", "unlink")
KIND, PLAN, HITS, ONLY, FIRST, DEATH, SIZE = 0, 4, 24, 32, 64, 1088, 2120
ONLY_BYTES, WORDS_BYTES = 32, 1024


class Failing:
    def __init__(self, path, store, build):
        path.write_bytes(bytes(SIZE))
        self.file, self.armed = open(path, "r+b"), None
        self.page = mmap.mmap(self.file.fileno(), SIZE)
        self.environment = {"LD_PRELOAD": str(build / "tests/soak/storage/libfailing.so"),
                            "MUON_FAILING": str(path), "MUON_FAILING_STORE": str(store)}

    def close(self):
        self.page.close()
        self.file.close()

    def arm(self, kind, error="EIO", nth=1, forever=False, only=""):
        """From now on the nth call of this kind fails, and if `forever` all behind it, until disarm()."""
        self.disarm()
        self.armed = kind
        self.page[PLAN:SIZE] = bytes(SIZE - PLAN)
        struct.pack_into("=iiiqq", self.page, PLAN, getattr(errno, error), forever, 0, nth, 0)
        self.page[ONLY:ONLY + len(only)] = only.encode()
        struct.pack_into("=i", self.page, KIND, KINDS.index(kind))

    def disarm(self):
        struct.pack_into("=i", self.page, KIND, 0)

    @property
    def hits(self):
        return struct.unpack_from("=q", self.page, HITS)[0]

    def words(self, at):
        return self.page[at:at + WORDS_BYTES].split(b"\0")[0].decode(errors="replace").strip()

    @property
    def first(self):
        return self.words(FIRST)

    @property
    def death(self):
        return self.words(DEATH)
