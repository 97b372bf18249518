"""Regular files of a store, opened without following what else may be there under their names.

Anyone who can write to the folder of a store can put something else in the place of a file: a symbolic link to a
secret, a pipe at which a reader would wait, a device. None of these is ever read or written.
"""

from __future__ import annotations

import errno
import os
import time
from pathlib import Path
from stat import S_ISREG

from reqpi.core.interfaces import BlobIdentity

__all__ = ["identity_of", "is_irregular", "open_regular"]

_TICK_NS = 20_000_000
"""Nanoseconds, more than a tick of the clock of any kernel: two changes in one tick may give a file the same times."""


def open_regular(path: Path | str, flags: int) -> int:
    """Open a file and return its descriptor.

    :param flags: as for :func:`os.open`.
    :raises OSError: it is not a regular file (``EINVAL``, ``ELOOP``, ``EISDIR``), or cannot be opened.
    """
    # A pipe or a device may otherwise keep the caller waiting. O_NONBLOCK means nothing for a regular file.
    descriptor = os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY)
    try:
        if not S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "it is not a regular file", str(path))
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def is_irregular(path: Path) -> bool:
    """Return whether the name belongs to something other than a regular file. A missing file is not irregular."""
    try:
        return not S_ISREG(path.lstat().st_mode)
    except FileNotFoundError:
        return False


def identity_of(state: os.stat_result) -> BlobIdentity:
    """Return the identity of a file.

    The time of the last change of the inode is part of it: unlike the modification time, its owner cannot set it.
    """
    version = (state.st_dev, state.st_ino, state.st_mtime_ns, state.st_ctime_ns)
    return BlobIdentity(state.st_size, version, abs(time.time_ns() - state.st_ctime_ns) > _TICK_NS)
