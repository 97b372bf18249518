"""Locks read as a server would read them, for commands that use no server."""

from __future__ import annotations

from reqpi.cli.inputs.lock_files import LockFiles, LockHasDefects
from reqpi.cli.messages import tell_defects
from reqpi.core import locks
from reqpi.core.errors import BrokenLock
from reqpi.core.model import Lock

__all__ = ["lock_of", "read_taken"]


def lock_of(taken: LockFiles) -> Lock:
    """Read a lock.

    :raises reqpi.cli.inputs.lock_files.LockHasDefects: it has defects, and they have been reported.
    """
    try:
        return read_taken(taken)
    except BrokenLock as broken:
        tell_defects(taken.names, broken.defects)
        raise LockHasDefects from broken


def read_taken(taken: LockFiles) -> Lock:
    """Read a lock, without reporting defects.

    :raises reqpi.core.errors.BrokenLock: it has defects.
    """
    first = taken.documents[0]
    return locks.read_together(taken.documents) if first.path else locks.read(first.data)
