"""File responses: verified files on their way to a client, from the store or from a download."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import suppress
from functools import partial
from typing import BinaryIO

from attrs import evolve, frozen
from twisted.logger import Logger

from reqpi.core.address import address_of as sha256_of
from reqpi.core.errors import StoreTrouble, wanting
from reqpi.core.interfaces import Store
from reqpi.core.model import File
from reqpi.runtime.lru import LruCache
from reqpi.runtime.singleflight import PATIENCE, SingleFlight
from reqpi.shelf.files.downloads import Downloads
from reqpi.shelf.files.hashing import is_right

__all__ = ["FileResponse", "FileResponses"]

_SIZES = 10_000
"""Files whose verified size is remembered, if the upstream does not give it."""

_LINK = 300
"""Seconds for which a URL of the object store is valid: clients follow it at once, and some retry after a while."""

_log = Logger()


@frozen
class FileResponse:
    """A file, ready to be sent.

    :param size: in bytes.
    :param read: yields the bytes from one offset up to another.
    :param link: returns a URL that serves the file for some minutes, to be sent in place of its bytes; or ``None``.
    :param local: opens the file, if it is on a disk of this machine; or ``None``.
    :param whole: returns all bytes of the file, verified; ``None`` while the file is being downloaded. It raises
        :exc:`reqpi.core.errors.StoreTrouble` if the file was damaged in the store, and removes it.
    """

    file: File
    size: int
    read: Callable[[int, int], AsyncGenerator[bytes, None]]
    link: Callable[[], Awaitable[str | None]] | None = None
    local: Callable[[], Awaitable[BinaryIO | None]] | None = None
    whole: Callable[[], Awaitable[bytes]] | None = None


class FileResponses:
    """Files by their sha256. The caller has already decided that the client may have the file.

    :param redirect_above: the size in bytes above which clients are redirected to the file's URL in the object store;
        ``None``: never.
    """

    def __init__(self, store: Store, downloads: Downloads, redirect_above: int | None) -> None:
        self._store = store
        self._downloads = downloads
        self._redirect_above = redirect_above
        self._sizes: LruCache[str, int] = LruCache(_SIZES)
        self._hashing: SingleFlight[bool] = SingleFlight()

    async def of(self, file: File) -> FileResponse:
        """Return a file whose sha256 is known, from the store or from its download.

        :raises reqpi.core.errors.UpstreamTrouble: the file is not in the store and cannot be obtained.
        """
        size = await self.here(file)
        if size is not None:
            large = self._redirect_above is not None and size > self._redirect_above
            sha256 = str(file.sha256)
            link = partial(self._store.link, sha256, _LINK) if large else None
            return FileResponse(
                file,
                size,
                partial(self._store.read, sha256),
                link,
                partial(self._store.local, sha256),
                partial(self._whole, file, size),
            )
        with wanting(file.filename):
            download = self._downloads.of(file)
            return FileResponse(file, await download.begun(PATIENCE), download.read)

    async def _whole(self, file: File, size: int) -> bytes:
        body = b"".join([piece async for piece in self._store.read(str(file.sha256), 0, size)])
        if sha256_of(body) != file.sha256:
            await self._repair(str(file.sha256), len(body))
            raise StoreTrouble(f"{file.filename} is damaged in the store", "It was removed. Try again in a moment.")
        return body

    async def measured(self, file: File) -> File:
        """Fetch and store a file about which the upstream claims too little; add its computed digests and size.

        :raises reqpi.core.errors.UpstreamTrouble: the file cannot be obtained, or differs from the upstream's claims.
        """
        measured = await self._downloads.measure(file)
        return evolve(file, digests=measured.digests, size=measured.size, measured=True)

    async def here(self, file: File) -> int | None:
        """Return the size in bytes of a file in the store, protected from sweeps; ``None`` if it is not there."""
        sha256 = str(file.sha256)
        with suppress(StoreTrouble):  # a store that is readable but not writable can still serve
            await self._store.touch(sha256)
        size = await self._store.size(sha256)
        return size if size is not None and await self.sound(file, size) else None

    async def sound(self, file: File, size: int) -> bool:
        """Return whether a blob of that size is the file; remove the blob if it is not.

        The size that an upstream claims may be wrong or missing, and the disk may be wrong: unless both sizes are the
        same, the digest decides, once.
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
        await self._repair(sha256, size)
        return False

    async def _repair(self, sha256: str, size: int) -> None:
        """Remove a file whose bytes were found to be wrong: the next request fetches it from the upstream."""
        _log.critical("{sha256} is damaged in the store: {size} bytes; removing it", sha256=sha256, size=size)
        self._sizes.drop(sha256)
        await self._store.repair(sha256)
