"""A store in a directory. Any number of processes of one host may share it."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Callable, Generator, Iterable
from contextlib import suppress
from functools import partial
from pathlib import Path

from reqpi.runtime import offload
from reqpi.storage.directory.blobs import COARSE, DirectoryBlobs
from reqpi.storage.directory.layout import Layout
from reqpi.storage.directory.records import DirectoryRecords
from reqpi.storage.directory.walk import files_below
from reqpi.storage.errors import store_trouble
from reqpi.storage.threads import InThread, streamed

__all__ = ["DirectoryStore"]

_BLOCK = 512
"""Bytes of a block, as ``st_blocks`` counts them."""


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
        self._walking = in_thread
        DirectoryBlobs.__init__(self, self._layout.blobs, self._layout.incoming, in_thread, clock, coarse)
        DirectoryRecords.__init__(self, self._layout.records, self._layout.incoming, in_thread, clock)

    def open(self) -> None:
        """See :meth:`reqpi.core.interfaces.Store.open`."""
        self._layout.prepare()

    async def occupied(self) -> AsyncGenerator[int, None]:
        """See :meth:`reqpi.core.interfaces.Store.occupied`: the blocks of each file, which a disk is filled with."""
        folders = (self._layout.blobs, self._layout.records)
        async for size in streamed(self._walking, partial(_sizes, folders)):
            yield size

    async def close(self) -> None:
        """See :meth:`reqpi.core.interfaces.Store.close`.

        Between calls, only reads and incoming blobs keep files open, so nothing is left to close.
        """


def _sizes(folders: Iterable[Path]) -> Generator[int, None, None]:
    for folder in folders:
        with store_trouble("read", folder):
            for parts in files_below(folder):
                with suppress(FileNotFoundError):
                    state = folder.joinpath(*parts).lstat()
                    yield max(state.st_size, state.st_blocks * _BLOCK)
