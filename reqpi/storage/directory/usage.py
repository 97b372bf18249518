"""The last use of a file, which is its mtime. Removal checks it under a lock that a touch takes too.

The shared lock of a touch and the exclusive lock of a removal exclude each other among all processes. A removal that
has the lock sees every earlier touch. A later touch finds no file, so its caller stores the file again. A removal that
is killed half-way leaves the file either present or gone, and nothing else.
"""

from __future__ import annotations

import os
from fcntl import LOCK_EX, LOCK_NB, LOCK_SH, flock
from pathlib import Path
from stat import S_ISREG

from reqpi.storage.directory.regular import is_irregular, open_regular
from reqpi.storage.errors import store_trouble

__all__ = ["FOREVER", "nanoseconds", "remove", "touch"]


def touch(path: Path | str, now: int, coarse: int = 0) -> bool:
    """Record that a file is used now. Anything other than a regular file stays as it is.

    :param now: nanoseconds since the epoch.
    :param coarse: nanoseconds during which a repeated use is not recorded again.
    :returns: whether the file exists, and was not removed before its use could be recorded.
    """
    with store_trouble("written", path):
        try:
            if not S_ISREG(os.lstat(path).st_mode):
                return False
            descriptor = open_regular(path, os.O_RDWR)
        except FileNotFoundError:
            return False
        try:
            flock(descriptor, LOCK_SH)
            if not 0 <= now - os.fstat(descriptor).st_mtime_ns < coarse:
                os.utime(descriptor, ns=(now, now))
            return os.fstat(descriptor).st_nlink > 0
        finally:
            os.close(descriptor)


def remove(path: Path, unused_since: int) -> bool:
    """Remove a file unless it was used after ``unused_since``.

    Something else in its place, such as a symbolic link, is removed whenever it was used: nothing reads it.

    :param unused_since: nanoseconds since the epoch.
    :returns: whether this call removed the file.
    """
    with store_trouble("written", path):
        if is_irregular(path):
            _remove_irregular(path)
            return True
        try:
            descriptor = open_regular(path, os.O_RDWR)
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


def _remove_irregular(path: Path) -> None:
    """Remove a link, a pipe, a device or an empty folder."""
    if path.is_dir() and not path.is_symlink():
        path.rmdir()
    else:
        path.unlink(missing_ok=True)


FOREVER = (1 << 63) - 1
"""Nanoseconds since the epoch, later than any timestamp."""


def nanoseconds(seconds: float) -> int:
    """Convert a timestamp to whole nanoseconds since the epoch. The order of two timestamps is never reversed."""
    return int(seconds * 1_000_000_000)
