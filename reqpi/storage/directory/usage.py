"""Needed or not: the last use of a file is its mtime, and removing looks at it under a lock that touching takes too.

A lock that is shared (a touch) and one that is not (a removal) exclude each other among all processes: a remover that
has the lock sees every earlier touch, and a later touch finds no file, so that who needs it puts its own in place. A
removal that is killed half-way leaves the file there or gone, and nothing else.
"""

from __future__ import annotations

import os
from fcntl import LOCK_EX, LOCK_NB, LOCK_SH, flock
from pathlib import Path

from reqpi.storage.errors import store_trouble

__all__ = ["FOREVER", "nanoseconds", "remove", "touch"]


def touch(path: Path, now: int) -> bool:
    """Say that a file is needed now: whether it is here, and was not removed before that could be said."""
    with store_trouble("written", path):
        try:
            descriptor = os.open(path, os.O_RDWR)
        except FileNotFoundError:
            return False
        try:
            flock(descriptor, LOCK_SH)
            os.utime(descriptor, ns=(now, now))
            return os.fstat(descriptor).st_nlink > 0
        finally:
            os.close(descriptor)


def remove(path: Path, unused_since: int) -> bool:
    """Remove a file that was not touched after ``unused_since`` (nanoseconds): whether it was here and is gone now."""
    with store_trouble("written", path):
        try:
            descriptor = os.open(path, os.O_RDWR)
        except FileNotFoundError:
            return False
        try:
            flock(descriptor, LOCK_EX | LOCK_NB)
            state = os.fstat(descriptor)
            # Without a link, somebody else removed it, and what has its name now is another file.
            if state.st_nlink == 0 or state.st_mtime_ns > unused_since:
                return False
            path.unlink()
            return True
        except BlockingIOError:
            return False  # It is being touched or put there in this moment.
        finally:
            os.close(descriptor)


FOREVER = (1 << 63) - 1
"""Nanoseconds since the epoch, later than any moment."""


def nanoseconds(seconds: float) -> int:
    """A moment in whole nanoseconds since the epoch; of two moments, the later is never made the earlier."""
    return int(seconds * 1_000_000_000)
