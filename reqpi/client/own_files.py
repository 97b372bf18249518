"""Partial files that belong to this user, in a folder in which other users may write too.

A file that another user has prepared would stay theirs after its digest has been verified. A link, symbolic or hard,
would have the download written into another file, and a pipe would block the client. All of these are replaced.
"""

from __future__ import annotations

import os
from pathlib import Path
from stat import S_ISREG

__all__ = ["create_own", "open_own_part"]

_NEW = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_THERE = os.O_RDWR | os.O_APPEND | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC

_MODE = 0o666  # restricted by the user's umask


def open_own_part(path: Path) -> int:
    """Open a partial file for reading and appending, and return its descriptor; create it if there is none.

    :raises OSError: it cannot be opened, or something else that is there cannot be removed.
    """
    try:
        return os.open(path, _NEW, _MODE)
    except FileExistsError:
        own = _open_own(path)
        return create_own(path) if own is None else own


def create_own(path: Path) -> int:
    """Create a file for reading and appending, in place of whatever is there, and return its descriptor.

    :raises OSError: it cannot be created, or what is there cannot be removed.
    """
    path.unlink(missing_ok=True)
    return os.open(path, _NEW, _MODE)


def _open_own(path: Path) -> int | None:
    """Open the file that is there; ``None`` if it is not a regular file of this user alone."""
    try:
        descriptor = os.open(path, _THERE)
    except OSError:  # a link, a socket, or a file that another user has protected
        return None
    found = os.fstat(descriptor)
    if S_ISREG(found.st_mode) and found.st_uid == os.geteuid() and found.st_nlink == 1:
        return descriptor
    os.close(descriptor)
    return None
