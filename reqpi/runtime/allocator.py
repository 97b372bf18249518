"""Settings of the C library's allocator, so that memory which this program has freed returns to the system.

glibc gives each thread an arena of its own, and memory that is freed in the middle of an arena stays with the process.
After a burst of large locks, a server would stay several times as large as the data that it keeps. Other C libraries
have neither these calls nor the problem: there, the functions of this module do nothing.
"""

from __future__ import annotations

import ctypes
import os
import time
from collections.abc import Callable
from pathlib import Path

__all__ = ["Trimming", "limit_arenas", "resident", "trim"]

_ARENA_MAX, _MMAP_THRESHOLD, _TRIM_THRESHOLD = -8, -3, -1
"""The parameters of ``mallopt(3)``, from glibc's ``malloc.h``."""

_ARENAS = 2
"""One for the reactor's thread and one for all other threads. Python lets only one thread allocate at a time anyway."""

_MAPPED = 1 << 20
"""Bytes from which on an allocation gets a mapping of its own, which is returned at once. File pieces are smaller."""

_TOP_PAD = 1 << 23
"""Bytes that may stay free at the top of an arena. Without them it would grow and shrink with each piece of a file."""

_GROWN = 16 << 20
"""Bytes by which the process has to grow before trimming is worth its cost, which is some milliseconds."""

_GROWN_MUCH = 64 << 20
"""Bytes by which the process has to grow before it is worth stopping for a tenth of a second and more."""

_GROWN_TOO_MUCH = 256 << 20
"""Bytes by which it has to grow before it is stopped while clients use it: some tenths of a second."""

_BUSY = 0.05
"""The share of a processor that a process takes while clients use it."""


def limit_arenas() -> None:
    """Make all threads share a few arenas. Call it before any thread is started."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        for parameter, value in ((_ARENA_MAX, _ARENAS), (_MMAP_THRESHOLD, _MAPPED), (_TRIM_THRESHOLD, _TOP_PAD)):
            mallopt(parameter, value)


def trim() -> None:
    """Return free memory to the operating system. The interpreter is not held meanwhile."""
    malloc_trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if malloc_trim is not None:
        malloc_trim(0)


def resident() -> int:
    """Return the resident memory of this process, in bytes; 0 where the system does not report it."""
    try:
        return int(Path("/proc/self/statm").read_text("ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        return 0


class Trimming:
    """A check that trims memory after the process has grown.

    :param free: frees what is no longer needed, such as cycles of objects, as far as that takes little time.
    :param free_all: frees all of it, which stops the process for a moment: only after it has grown a lot.
    :param resident: returns the resident memory of the process, in bytes.
    :param trim: returns free memory to the operating system.
    :param used: returns the processor time of the process, in seconds.
    :param clock: seconds since any fixed time.
    """

    def __init__(
        self,
        free: Callable[[], None],
        free_all: Callable[[], None],
        *,
        resident: Callable[[], int] = resident,
        trim: Callable[[], None] = trim,
        used: Callable[[], float] = time.process_time,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._free = free
        self._free_all = free_all
        self._resident = resident
        self._trim = trim
        self._used = used
        self._clock = clock
        self._last = clock(), used()
        self._least = self._all_freed = resident()

    def run(self) -> None:
        """Trim if the process has grown by some MiB over its smallest size since the last trim.

        Stop it to free everything only if it was idle since the last call, or has grown a great deal.
        """
        now = self._resident()
        self._all_freed = min(self._all_freed, now)
        much = now >= self._all_freed + (_GROWN_TOO_MUCH if self._is_busy() else _GROWN_MUCH)
        if much or now >= self._least + _GROWN:
            (self._free_all if much else self._free)()
            self._trim()
            now = self._least = self._resident()
            self._all_freed = now if much else self._all_freed
        self._least = min(self._least, now)

    def _is_busy(self) -> bool:
        """Return whether the process has worked since the last call."""
        (before, used_before), self._last = self._last, (self._clock(), self._used())
        return self._last[1] - used_before > _BUSY * (self._last[0] - before)
