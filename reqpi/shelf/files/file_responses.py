"""A file that may be served: from the store, where its bytes were verified, or on its way into it."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import suppress
from functools import partial
from typing import BinaryIO

from attrs import evolve, frozen
from twisted.logger import Logger

from reqpi.core.errors import StoreTrouble, wanting
from reqpi.core.interfaces import Store
from reqpi.core.model import File
from reqpi.runtime.lru import LruCache
from reqpi.runtime.singleflight import PATIENCE, SingleFlight
from reqpi.shelf.files.downloads import Downloads
from reqpi.shelf.maintenance.verify import is_right

__all__ = ["FileResponse", "FileResponses"]

_SIZES = 10_000
"""Files whose right size is remembered, where upstream does not say it."""

_LINK = 300
"""Seconds for which a URL of the object store is good: clients follow it at once, and some ask again after a while."""

_log = Logger()


@frozen
class FileResponse:
    """A file, ready to be sent.

    :param size: bytes.
    :param read: the bytes from one offset up to another.
    :param link: gives a URL that it can be had from for some minutes, in place of its bytes; or ``None``.
    :param local: opens it, where it is a file on this machine; or ``None``.
    """

    file: File
    size: int
    read: Callable[[int, int], AsyncGenerator[bytes, None]]
    link: Callable[[], Awaitable[str | None]] | None = None
    local: Callable[[], Awaitable[BinaryIO | None]] | None = None


class FileResponses:
    """Files by their sha256. Whether a client may have one was decided before it comes here.

    :param redirect_above: bytes of a file from which on clients are told where the store has it; ``None``: never.
    """

    def __init__(self, store: Store, downloads: Downloads, redirect_above: int | None) -> None:
        self._store = store
        self._downloads = downloads
        self._redirect_above = redirect_above
        self._sizes: LruCache[str, int] = LruCache(_SIZES)
        self._hashing: SingleFlight[bool] = SingleFlight()

    async def of(self, file: File) -> FileResponse:
        """A file whose sha256 is known, from the store or on its way into it.

        :raises reqpi.core.errors.UpstreamTrouble: it is not in the store, and cannot be had.
        """
        size = await self.here(file)
        if size is not None:
            large = self._redirect_above is not None and size > self._redirect_above
            sha256 = str(file.sha256)
            link = partial(self._store.link, sha256, _LINK) if large else None
            return FileResponse(file, size, partial(self._store.read, sha256), link, partial(self._store.local, sha256))
        with wanting(file.filename):
            download = self._downloads.of(file)
            return FileResponse(file, await download.begun(PATIENCE), download.read)

    async def measured(self, file: File) -> File:
        """A file of which upstream does not say enough, fetched, kept, and with what its own bytes say.

        :raises reqpi.core.errors.UpstreamTrouble: it cannot be had, or is not what upstream does say.
        """
        measured = await self._downloads.measure(file)
        return evolve(file, digests=measured.digests, size=measured.size, measured=True)

    async def here(self, file: File) -> int | None:
        """The size in bytes of a file that is in the store, where it will stay; ``None`` where it is not."""
        sha256 = str(file.sha256)
        with suppress(StoreTrouble):  # what can be read and not be written still serves
            await self._store.touch(sha256)
        size = await self._store.size(sha256)
        return size if size is not None and await self.sound(file, size) else None

    async def sound(self, file: File, size: int) -> bool:
        """Whether a blob of that size is the file; if not, it is removed.

        What an upstream said of the size may be wrong, or nothing, and the disk may be wrong: unless both say the same,
        the digest decides, once.
        """
        sha256 = str(file.sha256)
        if (file.size == size and size) or self._sizes.get(sha256) == size:
            return True
        return await self._hashing.do((sha256, size), partial(self._hashed, sha256, size))

    async def _hashed(self, sha256: str, size: int) -> bool:
        try:
            if await is_right(self._store, sha256):
                self._sizes.put(sha256, size, 1)
                return True
        except KeyError:
            return False
        await self.repair(sha256, size)
        return False

    async def repair(self, sha256: str, size: int) -> None:
        """Remove a file whose bytes were found to be wrong: who asks next gets it from upstream."""
        _log.critical("{sha256} is damaged in the store: {size} bytes. It is removed.", sha256=sha256, size=size)
        self._sizes.drop(sha256)
        await self._store.repair(sha256)
