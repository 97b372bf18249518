"""Memory that was freed goes back to the operating system."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from unittest import skipUnless

from twisted.trial.unittest import SynchronousTestCase

from reqpi.runtime.allocator import Trimming, resident

MIB = 1 << 20

PROGRAM = """\
import threading
from reqpi.runtime.allocator import limit_arenas, resident, trim
import sys
if sys.argv[1] == "limited":
    limit_arenas()
before, kept = resident(), []

def fill():
    texts = [bytes(2000) for _ in range(10_000)]
    kept.extend(texts[::500])

for _ in range(8):
    thread = threading.Thread(target=fill)
    thread.start()
    thread.join()
trim()
print(resident() - before)
"""


class TrimmingTests(SynchronousTestCase):
    """It trims after a burst, and not while nothing changes."""

    def setUp(self) -> None:
        self.size, self.trimmed, self.freed, self.all_freed = 60 * MIB, 0, 0, 0
        self.now = self.used = 0.0
        self.trimming = Trimming(
            self.free,
            self.free_all,
            resident=lambda: self.size,
            trim=self.trim,
            used=lambda: self.used,
            clock=lambda: self.now,
        )

    def looks(self, size: int, busy: float = 0.0) -> None:
        """Look at a process that has a size now, and took a share of a processor for five seconds."""
        self.size, self.now, self.used = size * MIB, self.now + 5, self.used + busy * 5
        self.trimming.run()

    def free(self) -> None:
        self.freed += 1

    def free_all(self) -> None:
        self.free()
        self.all_freed += 1

    def trim(self) -> None:
        self.trimmed += 1
        self.assertEqual(self.freed, self.trimmed)
        self.size -= 10 * MIB

    def test_a_process_that_does_not_grow_is_left_alone(self) -> None:
        for size in (60, 70, 75):
            self.looks(size)
        self.assertEqual(self.trimmed, 0)

    def test_growth_counts_from_the_smallest_size_since_the_last_time(self) -> None:
        for size, trimmed in ((80, 1), (75, 1), (50, 1), (66, 2), (70, 2), (73, 3)):
            self.looks(size)
            self.assertEqual(self.trimmed, trimmed, size)

    def test_everything_is_freed_after_much_growth_alone(self) -> None:
        """That stops the process for a moment, longer with each megabyte."""
        for size, freed in ((80, 0), (90, 0), (105, 0), (123, 0), (140, 1), (150, 1), (190, 1), (200, 2)):
            self.looks(size)
            self.assertEqual(self.all_freed, freed, size)

    def test_a_process_that_is_busy_is_not_stopped(self) -> None:
        """It is once it is idle, although it has not grown since; or before, when it has grown a great deal."""
        for size in (100, 150, 200, 250, 300):
            self.looks(size, busy=0.9)
        self.assertEqual((self.trimmed, self.all_freed), (5, 0))
        self.looks(291)
        self.assertEqual(self.all_freed, 1)
        for size, freed in ((400, 1), (500, 1), (535, 1), (540, 2)):
            self.looks(size, busy=0.9)
            self.assertEqual(self.all_freed, freed, size)


@skipUnless(sys.platform == "linux" and resident(), "it needs /proc and glibc")
class GlibcTests(SynchronousTestCase):
    """With the real allocator."""

    def test_what_threads_freed_goes_back(self) -> None:
        """From 160 MB that eight threads allocated, a few pages that are in use remain."""
        command = [sys.executable, "-c", PROGRAM, "limited"]
        done = subprocess.run(command, capture_output=True, text=True, cwd=Path(__file__).parents[2], check=True)
        self.assertLess(int(done.stdout), 20 * MIB)
