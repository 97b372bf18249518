"""The folder of incoming blobs on this host: each is written by one process, and may be read by any."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from fcntl import LOCK_NB, LOCK_SH, LOCK_UN, flock
from pathlib import Path
from typing import BinaryIO

from reqpi.storage.borrowed import Borrowed
from reqpi.storage.directory.incoming import DirectoryIncoming
from reqpi.storage.directory.regular import open_regular
from reqpi.storage.directory.temporary import LENGTH, Temporary
from reqpi.storage.errors import store_trouble
from reqpi.storage.names import checked_sha256
from reqpi.storage.threads import InThread

__all__ = ["Spool", "SpoolFollowing"]


class Spool:
    """The incoming blobs of a folder.

    :param folder: the folder of the temporary files.
    :param place: moves a temporary file that is whole to the blobs, under a sha256.
    :param in_thread: calls a function in another thread.
    """

    def __init__(self, folder: Path, place: Callable[[Temporary, str], None], in_thread: InThread) -> None:
        self._folder = folder
        self._place = place
        self._in_thread = in_thread

    async def begin(self) -> DirectoryIncoming:
        """See :meth:`reqpi.core.interfaces.Blobs.begin`."""
        return DirectoryIncoming(await self._in_thread(self._begun, ""), self._place, self._in_thread)

    async def claim(self, name: str) -> DirectoryIncoming | None:
        """See :meth:`reqpi.core.interfaces.Blobs.claim`."""
        try:
            temporary = await self._in_thread(self._begun, checked_sha256(name))
        except BlockingIOError:
            return None
        return DirectoryIncoming(temporary, self._place, self._in_thread)

    def _begun(self, name: str) -> Temporary:
        taken: BlockingIOError
        with store_trouble("written", self._folder):
            try:
                return Temporary(self._folder, name)
            except BlockingIOError as error:
                taken = error
        raise taken

    async def follow(self, name: str) -> SpoolFollowing | None:
        """See :meth:`reqpi.core.interfaces.Blobs.follow`."""
        path = self._folder / checked_sha256(name)
        opened = await self._in_thread(_opened, path)
        return None if opened is None else SpoolFollowing(path, opened, self._in_thread)


class SpoolFollowing:
    """A :class:`reqpi.core.interfaces.Following` of a temporary file that another process has locked."""

    def __init__(self, path: Path, opened: Borrowed[int], in_thread: InThread) -> None:
        self._path = path
        self._opened = opened
        self._in_thread = in_thread
        self.size = 0
        self.expected: int | None = None

    async def look(self) -> bool:
        """See :meth:`reqpi.core.interfaces.Following.look`."""
        return await self._in_thread(self._look)

    def _look(self) -> bool:
        with store_trouble("read", self._path), self._opened.borrow() as descriptor:
            grows = not _is_free(descriptor)
            self.size = os.fstat(descriptor).st_size
            # The length is published before the first byte is written, so looking for it after the bytes is safe.
            with suppress(FileNotFoundError):
                self.expected = int(os.readlink(self._path.with_name(self._path.name + LENGTH)))
            return grows

    async def read(self, start: int, stop: int) -> bytes:
        """See :meth:`reqpi.core.interfaces.Following.read`."""
        if not 0 <= start <= stop <= self.size:
            raise ValueError("these bytes are not written yet")
        return await self._in_thread(self._read, start, stop)

    def _read(self, start: int, stop: int) -> bytes:
        with store_trouble("read", self._path), self._opened.borrow() as descriptor:
            return os.pread(descriptor, stop - start, start)

    def local(self) -> BinaryIO:
        """See :meth:`reqpi.core.interfaces.Incoming.local`."""
        with store_trouble("read", self._path), self._opened.borrow() as descriptor:
            return os.fdopen(os.dup(descriptor), "rb", buffering=0)

    async def discard(self) -> None:
        """See :meth:`reqpi.core.interfaces.Following.discard`."""
        self._opened.close()


def _opened(path: Path) -> Borrowed[int] | None:
    with store_trouble("read", path):
        try:
            descriptor = open_regular(path, os.O_RDONLY)
        except FileNotFoundError:
            return None
        return Borrowed(descriptor, os.close)


def _is_free(descriptor: int) -> bool:
    """Return whether no process is writing the file any more."""
    try:
        flock(descriptor, LOCK_SH | LOCK_NB)
    except BlockingIOError:
        return False
    flock(descriptor, LOCK_UN)
    return True
