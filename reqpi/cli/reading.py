"""Reading here what was taken, as a server would: for commands that ask none."""

from __future__ import annotations

from reqpi import locks
from reqpi.cli.messages import tell_defects
from reqpi.cli.taken import Defective, Taken
from reqpi.errors import BrokenLock
from reqpi.model import Document, Lock

__all__ = ["lock_of"]


def lock_of(taken: Taken) -> Lock:
    """The lock that was taken.

    :raises reqpi.cli.taken.Defective: it has defects.
    """
    documents = [Document(path, data) for path, data in taken.documents]
    try:
        return locks.read_together(documents) if documents[0].path else locks.read(documents[0].data)
    except BrokenLock as broken:
        tell_defects(taken.names, broken.defects)
        raise Defective from broken
