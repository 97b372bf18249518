"""A store in a directory. Any number of processes of one host may share it."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from reqpi.runtime import offload
from reqpi.storage.directory.blobs import COARSE, DirectoryBlobs
from reqpi.storage.directory.layout import Layout
from reqpi.storage.directory.records import DirectoryRecords
from reqpi.storage.threads import InThread

__all__ = ["DirectoryStore"]


class DirectoryStore(DirectoryBlobs, DirectoryRecords):
    """A :class:`reqpi.core.interfaces.Store` in a directory; see :mod:`reqpi.storage.directory.layout` for its files.

    Nothing is opened, and no thread is started, before :meth:`open`.

    :param path: the directory. It is created, private to this user, if it is missing.
    :param in_thread: calls a function that blocks in another thread.
    :param clock: seconds since the epoch.
    :param coarse: seconds during which a repeated use of a blob is not recorded again.
    """

    def __init__(
        self,
        path: Path,
        *,
        in_thread: InThread = offload.in_thread,
        clock: Callable[[], float] = time.time,
        coarse: float = COARSE,
    ) -> None:
        self._layout = Layout(path)
        DirectoryBlobs.__init__(self, self._layout.blobs, self._layout.incoming, in_thread, clock, coarse)
        DirectoryRecords.__init__(self, self._layout.records, self._layout.incoming, in_thread, clock)

    def open(self) -> None:
        """See :meth:`reqpi.core.interfaces.Store.open`."""
        self._layout.prepare()

    async def close(self) -> None:
        """See :meth:`reqpi.core.interfaces.Store.close`.

        Between calls, only reads and incoming blobs keep files open, so nothing is left to close.
        """
