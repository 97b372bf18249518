"""The last use of a file, which is its mtime. Removal checks it under a lock that a touch takes too.

The shared lock of a touch and the exclusive lock of a removal exclude each other among all processes. A removal that
has the lock sees every earlier touch. A later touch finds no file, so its caller stores the file again. A removal that
is killed half-way leaves the file either present or gone, and nothing else.
"""

from __future__ import annotations

import os
from fcntl import LOCK_EX, LOCK_NB, LOCK_SH, flock
from pathlib import Path

from reqpi.storage.errors import store_trouble

__all__ = ["FOREVER", "nanoseconds", "remove", "touch"]


def touch(path: Path, now: int) -> bool:
    """Record that a file is used now.

    :param now: nanoseconds since the epoch.
    :returns: whether the file exists, and was not removed before its use could be recorded.
    """
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
    """Remove a file unless it was used after ``unused_since``.

    :param unused_since: nanoseconds since the epoch.
    :returns: whether this call removed the file.
    """
    with store_trouble("written", path):
        try:
            descriptor = os.open(path, os.O_RDWR)
        except FileNotFoundError:
            return False
        try:
            flock(descriptor, LOCK_EX | LOCK_NB)
            state = os.fstat(descriptor)
            # Without a link, another process removed it, and its name may belong to another file by now.
            if state.st_nlink == 0 or state.st_mtime_ns > unused_since:
                return False
            path.unlink()
            return True
        except BlockingIOError:
            return False  # It is being touched or stored right now.
        finally:
            os.close(descriptor)


FOREVER = (1 << 63) - 1
"""Nanoseconds since the epoch, later than any timestamp."""


def nanoseconds(seconds: float) -> int:
    """Convert a timestamp to whole nanoseconds since the epoch. The order of two timestamps is never reversed."""
    return int(seconds * 1_000_000_000)
