"""What a process takes of the machine, second by second, and whether that stays flat."""
import os
import re
import statistics
from pathlib import Path

from promise import Broken


class Footprint:
    """look() now and then; a process that is not there any more is not looked at."""

    def __init__(self, pid):
        self.pid, self.anonymous_kib, self.descriptors = pid, [], []

    def look(self):
        """The mapped pages of files are not counted: they are the system's to take back."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        self.anonymous_kib.append(int(re.search(r"RssAnon:\s+(\d+)", status).group(1)))
        self.descriptors.append(len(os.listdir(f"/proc/{self.pid}/fd")))

    def thirds(self, values):
        """Medians; the first third is the warm-up."""
        third = len(values) // 3
        return [statistics.median(values[i * third:(i + 1) * third]) for i in range(3)]

    def said(self):
        memory, descriptors = self.thirds(self.anonymous_kib), self.thirds(self.descriptors)
        return (f"memory {' – '.join(f'{kib / 1024:.1f}' for kib in memory)} MiB, "
                f"descriptors {' – '.join(f'{count:.0f}' for count in descriptors)}, in three thirds of the time")

    def check_flat(self, more_kib, more_descriptors):
        memory, descriptors = self.thirds(self.anonymous_kib), self.thirds(self.descriptors)
        if memory[2] > memory[1] + more_kib:
            raise Broken(f"memory grows: {self.said()}")
        if descriptors[2] > descriptors[1] + more_descriptors:
            raise Broken(f"descriptors leak: {self.said()}")
