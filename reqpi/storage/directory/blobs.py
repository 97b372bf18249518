"""Blobs in a directory: ``blobs/sha256/ab/abcd…``, each a file that is written once."""

from __future__ import annotations

import errno
import os
from collections.abc import AsyncGenerator, Callable, Generator, Iterable
from contextlib import suppress
from functools import partial
from pathlib import Path
from stat import S_ISREG
from typing import BinaryIO

from reqpi.core.errors import StoreTrouble
from reqpi.core.interfaces import BlobIdentity, Following, Incoming
from reqpi.runtime.fair_share import FairShare
from reqpi.storage.borrowed import Borrowed
from reqpi.storage.directory.regular import identity_of, is_irregular, open_regular
from reqpi.storage.directory.spool import Spool
from reqpi.storage.directory.temporary import ATTEMPTS, Temporary
from reqpi.storage.directory.usage import FOREVER, nanoseconds, remove, touch
from reqpi.storage.directory.walk import files_below
from reqpi.storage.errors import store_trouble
from reqpi.storage.names import checked_sha256
from reqpi.storage.threads import InThread, streamed

__all__ = ["COARSE", "DirectoryBlobs"]

COARSE = 1800.0
"""Seconds during which a repeated use of a blob is not recorded again. Each record of a use changes the identity of the
file, so that it is hashed again; and a sweep spares what was used in the hour before it began."""


class DirectoryBlobs:
    """An implementation of :class:`reqpi.core.interfaces.Blobs` in a directory.

    :param folder: the folder of the blobs.
    :param incoming: the folder of the temporary files, on the same file system.
    :param in_thread: calls a function in another thread.
    :param clock: seconds since the epoch.
    :param coarse: seconds during which a repeated use is not recorded again.
    :param durable: whether to wait until a blob is on the disk before it is kept.
    """

    def __init__(
        self,
        folder: Path,
        incoming: Path,
        in_thread: InThread,
        clock: Callable[[], float],
        coarse: float = COARSE,
        *,
        durable: bool = True,
    ) -> None:
        self._blobs = folder
        self._spool = Spool(incoming, self._keep, in_thread)
        self._in_thread = in_thread
        self._clock = clock
        self._coarse = nanoseconds(coarse)
        self._durable = durable
        self._share = FairShare()

    def _blob(self, sha256: str) -> Path:
        return self._blobs / checked_sha256(sha256)[:2] / sha256

    async def size(self, sha256: str) -> int | None:
        """See :meth:`reqpi.core.interfaces.Blobs.size`."""
        identity = await self.identity(sha256)
        return None if identity is None else identity.size

    async def sizes(self, *sha256s: str) -> dict[str, int | None]:
        """See :meth:`reqpi.core.interfaces.Blobs.sizes`."""
        return await self._in_thread(_sizes, self._blobs, [checked_sha256(sha256) for sha256 in sha256s])

    async def identity(self, sha256: str) -> BlobIdentity | None:
        """See :meth:`reqpi.core.interfaces.Blobs.identity`. Whatever is not a regular file is not a blob."""
        return await self._in_thread(_identity, self._blob(sha256))

    async def identity_to_send(self, sha256: str, size: int | None) -> BlobIdentity | None:
        """See :meth:`reqpi.core.interfaces.Blobs.identity_to_send`. The mark changes the identity."""
        return await self._in_thread(self._marked, checked_sha256(sha256))

    def _marked(self, sha256: str) -> BlobIdentity | None:
        with suppress(StoreTrouble):  # a store that is readable but not writable can still serve
            self._touch([sha256])
        return _identity(self._blob(sha256))

    async def read(
        self, sha256: str, start: int = 0, stop: int | None = None, identity: BlobIdentity | None = None
    ) -> AsyncGenerator[bytes, None]:
        """See :meth:`reqpi.core.interfaces.Blobs.read`."""
        if start < 0 or (stop is not None and stop < 0):
            raise ValueError("start and stop must not be negative")
        path = self._blob(sha256)
        blob, end = await self._in_thread(_opened, path, identity)
        try:
            end = end if stop is None else min(stop, end)
            with self._share.reader():
                while start < end:
                    begin, start = start, min(start + self._share.size, end)
                    yield await self._in_thread(_read_chunk, blob, path, begin, start)
        finally:
            # Not in a thread: a generator that is garbage-collected cannot wait for one.
            blob.close()

    async def local(self, sha256: str, identity: BlobIdentity | None = None) -> BinaryIO | None:
        """See :meth:`reqpi.core.interfaces.Blobs.local`."""
        return await self._in_thread(_file, self._blob(sha256), identity)

    async def begin(self) -> Incoming:
        """See :meth:`reqpi.core.interfaces.Blobs.begin`."""
        return await self._spool.begin()

    async def claim(self, name: str) -> Incoming | None:
        """See :meth:`reqpi.core.interfaces.Blobs.claim`."""
        return await self._spool.claim(name)

    async def follow(self, name: str) -> Following | None:
        """See :meth:`reqpi.core.interfaces.Blobs.follow`."""
        return await self._spool.follow(name)

    def _keep(self, temporary: Temporary, sha256: str) -> None:
        path = self._blob(sha256)
        now = nanoseconds(self._clock())
        finish, place, place_over = (
            (temporary.finish, temporary.place, temporary.place_over)
            if self._durable
            else (temporary.date, temporary.name, temporary.name_over)
        )
        finish(now)
        for _ in range(ATTEMPTS):
            if place(path) or (is_irregular(path) and place_over(path)):
                return
            if touch(path, now, self._coarse):
                return
        raise FileExistsError(errno.EEXIST, "the file keeps appearing and disappearing", str(path))

    async def touch(self, *sha256s: str) -> None:
        """See :meth:`reqpi.core.interfaces.Blobs.touch`."""
        await self._in_thread(self._touch, sha256s)

    def _touch(self, sha256s: Iterable[str]) -> None:
        now = nanoseconds(self._clock())
        for sha256 in sha256s:
            # A page names many blobs, most of which are not here: making a Path would take longer than looking.
            touch(f"{self._blobs}/{checked_sha256(sha256)[:2]}/{sha256}", now, self._coarse)

    async def remove(self, sha256: str, unused_since: float) -> bool:
        """See :meth:`reqpi.core.interfaces.Blobs.remove`."""
        return await self._in_thread(remove, self._blob(sha256), nanoseconds(unused_since))

    async def repair(self, sha256: str) -> bool:
        """See :meth:`reqpi.core.interfaces.Blobs.repair`."""
        return await self._in_thread(remove, self._blob(sha256), FOREVER)

    async def link(self, sha256: str, seconds: int) -> str | None:
        """See :meth:`reqpi.core.interfaces.Blobs.link`. A directory has no URLs."""
        checked_sha256(sha256)
        return None

    async def all(self) -> AsyncGenerator[str, None]:
        """See :meth:`reqpi.core.interfaces.Blobs.all`."""
        async for sha256 in streamed(self._in_thread, partial(_all, self._blobs)):
            yield sha256


def _all(folder: Path) -> Generator[str, None, None]:
    with store_trouble("read", folder):
        for *_, sha256 in files_below(folder):
            with suppress(ValueError):
                yield checked_sha256(sha256)


def _sizes(folder: Path, sha256s: Iterable[str]) -> dict[str, int | None]:
    """Return the size of each blob. A path object for each would take longer than to look at the file."""
    sizes: dict[str, int | None] = {}
    with store_trouble("read", folder):
        for sha256 in sha256s:
            try:
                state = os.lstat(f"{folder}/{sha256[:2]}/{sha256}")
            except FileNotFoundError:
                sizes[sha256] = None
            else:
                sizes[sha256] = state.st_size if S_ISREG(state.st_mode) else None
    return sizes


def _identity(path: Path) -> BlobIdentity | None:
    with store_trouble("read", path):
        try:
            state = path.lstat()
        except FileNotFoundError:
            return None
        return identity_of(state) if S_ISREG(state.st_mode) else None


def _opened(path: Path, identity: BlobIdentity | None) -> tuple[Borrowed[int], int]:
    with store_trouble("read", path):
        try:
            blob = Borrowed(open_regular(path, os.O_RDONLY), os.close)
        except FileNotFoundError:
            raise KeyError(path.name) from None
        with blob.borrow() as descriptor:
            found = identity_of(os.fstat(descriptor))
    if identity not in (None, found):
        blob.close()
        raise KeyError(path.name)
    return blob, found.size


def _file(path: Path, identity: BlobIdentity | None) -> BinaryIO | None:
    with store_trouble("read", path):
        try:
            file = os.fdopen(open_regular(path, os.O_RDONLY), "rb", buffering=0)
        except FileNotFoundError:
            return None
    if identity in (None, identity_of(os.fstat(file.fileno()))):
        return file
    file.close()
    return None


def _read_chunk(blob: Borrowed[int], path: Path, start: int, stop: int) -> bytes:
    with store_trouble("read", path), blob.borrow() as descriptor:
        chunk = os.pread(descriptor, stop - start, start)
    if len(chunk) < stop - start:
        raise StoreTrouble("a file in the store became shorter", f"{path.name} ends at {start + len(chunk)} bytes.")
    return chunk
