"""The C library's allocator, kept from holding on to memory that this program has freed.

glibc gives each thread an arena of its own, and memory that is freed in the middle of one stays with the process. A
burst of large locks would leave a server several times as large as what it keeps. Other C libraries have neither the
calls nor the trouble: there, nothing happens here.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable
from pathlib import Path

__all__ = ["Trimming", "limit_arenas", "resident", "trim"]

_ARENA_MAX, _MMAP_THRESHOLD, _TRIM_THRESHOLD = -8, -3, -1
"""The parameters of ``mallopt(3)``, from glibc's ``malloc.h``."""

_ARENAS = 2
"""One for the reactor's thread and one for all others: Python lets only one of them allocate at a time anyway."""

_MAPPED = 1 << 20
"""Bytes of an allocation that is mapped by itself, and so goes back at once. A piece of a file is smaller."""

_KEPT = 1 << 23
"""Bytes that may stay free at the top of an arena, so that it does not grow and shrink with each piece of a file."""

_GROWN = 16 << 20
"""Bytes by which the process has to grow before its memory is worth looking through: that takes some milliseconds."""


def limit_arenas() -> None:
    """Have all threads share few arenas. Call it before there are threads."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        for parameter, value in ((_ARENA_MAX, _ARENAS), (_MMAP_THRESHOLD, _MAPPED), (_TRIM_THRESHOLD, _KEPT)):
            mallopt(parameter, value)


def trim() -> None:
    """Give back to the operating system what is free. The interpreter is not held meanwhile."""
    malloc_trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if malloc_trim is not None:
        malloc_trim(0)


def resident() -> int:
    """Return the bytes of memory that this process has now; 0 where the system does not tell."""
    try:
        return int(Path("/proc/self/statm").read_text("ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        return 0


class Trimming:
    """Trims after the process has grown.

    :param free: frees what nothing needs any more, such as cycles of objects.
    :param resident: bytes that the process has.
    :param trim: gives back what is free.
    """

    def __init__(
        self, free: Callable[[], None], resident: Callable[[], int] = resident, trim: Callable[[], None] = trim
    ) -> None:
        self._free = free
        self._resident = resident
        self._trim = trim
        self._least = resident()

    def run(self) -> None:
        """Trim if the process is larger by some MiB than it was at its smallest since the last time."""
        now = self._resident()
        if now >= self._least + _GROWN:
            self._free()
            self._trim()
            now = self._least = self._resident()
        self._least = min(self._least, now)
