"""File responses: verified files on their way to a client, from the store or from a download."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import suppress
from functools import partial
from typing import BinaryIO, Protocol

from attrs import frozen

from reqpi.core.address import address_of as sha256_of
from reqpi.core.errors import StoreTrouble, wanting
from reqpi.core.interfaces import BlobIdentity, Store
from reqpi.core.model import File
from reqpi.runtime.singleflight import PATIENCE
from reqpi.shelf.files.downloads import Downloads
from reqpi.shelf.files.verified_blobs import AT_LENGTH, VerifiedBlobs

__all__ = ["FileResponse", "FileResponses", "GrowingFile"]

_LINK = 300
"""Seconds for which a URL of the object store is valid: clients follow it at once, and some retry after a while."""


class GrowingFile(Protocol):
    """A file that is sent to a client while it is written to a store."""

    def local(self) -> BinaryIO | None:
        """Return it as an open file that grows; ``None`` if it is not on this machine, or no longer there."""

    def released(self, start: int, stop: int) -> AsyncGenerator[int, None]:
        """Yield the offsets up to which its bytes from ``start`` may be sent, each larger than the one before.

        The last one is ``stop``, unless the rest has to be read from the store.
        """


@frozen
class FileResponse:
    """A file, ready to be sent.

    :param size: in bytes.
    :param read: yields the bytes from one offset up to another, verified as
        :meth:`reqpi.shelf.files.verified_blobs.VerifiedBlobs.read` says.
    :param link: returns a URL that serves the file for some minutes, to be sent in place of its bytes; or ``None``.
    :param local: opens the file, if it is on a disk of this machine and verified; or ``None``.
    :param growing: the file while it is being downloaded, for the kernel to send; or ``None``.
    :param whole: returns all bytes of the file, verified; ``None`` while the file is being downloaded. It raises
        :exc:`reqpi.core.errors.StoreTrouble` if the file was damaged in the store, and removes it.
    """

    file: File
    size: int
    read: Callable[[int, int], AsyncGenerator[bytes, None]]
    link: Callable[[], Awaitable[str | None]] | None = None
    local: Callable[[], Awaitable[BinaryIO | None]] | None = None
    whole: Callable[[], Awaitable[bytes]] | None = None
    growing: GrowingFile | None = None


class FileResponses:
    """Files by their sha256. The caller has already decided that the client may have the file.

    :param redirect_above: the size in bytes above which clients are redirected to the file's URL in the object store;
        ``None``: never. A file that this process has not verified yet is not redirected.
    """

    def __init__(self, store: Store, downloads: Downloads, redirect_above: int | None) -> None:
        self._store = store
        self._downloads = downloads
        self._blobs: VerifiedBlobs = downloads.blobs
        self._redirect_above = redirect_above

    async def of(self, file: File) -> FileResponse:
        """Return a file whose sha256 is known, from the store or from its download.

        :raises reqpi.core.errors.UpstreamTrouble: the file is not in the store and cannot be obtained.
        """
        identity = await self._verified(file, await self._store.identity_to_send(str(file.sha256), file.size))
        if identity is not None:
            return self._stored(file, identity)
        with wanting(file.filename):
            download, size = await self._downloads.begun(file, PATIENCE)
            return FileResponse(file, size, download.read, growing=download)

    def _stored(self, file: File, identity: BlobIdentity) -> FileResponse:
        sha256 = str(file.sha256)
        is_large = self._redirect_above is not None and identity.size > self._redirect_above
        verified = self._blobs.is_verified(sha256, identity)
        return FileResponse(
            file,
            identity.size,
            partial(self._blobs.read, sha256, identity=identity),
            partial(self._store.link, sha256, _LINK) if is_large and verified else None,
            partial(self._blobs.local, sha256, identity) if verified else None,
            partial(self._whole, file, identity),
        )

    async def _whole(self, file: File, identity: BlobIdentity) -> bytes:
        sha256 = str(file.sha256)
        body = b"".join([piece async for piece in self._blobs.read(sha256, identity=identity)])
        if sha256_of(body) != sha256:
            await self._blobs.repair(sha256, len(body))
            raise StoreTrouble(f"{file.filename} is damaged in the store", "It was removed. Try again in a moment.")
        return body

    async def measured(self, file: File) -> File:
        """Fetch and store a file about which the upstream claims too little; add its computed digests and size.

        :raises reqpi.core.errors.UpstreamTrouble: the file cannot be obtained, or differs from the upstream's claims.
        """
        return (await self._downloads.measure(file)).added_to(file)

    async def here(self, file: File) -> int | None:
        """Return the size in bytes of a file in the store, protected from sweeps; ``None`` if it is not there."""
        sha256 = str(file.sha256)
        with suppress(StoreTrouble):  # a store that is readable but not writable can still serve
            await self._store.touch(sha256)
        identity = await self._verified(file, await self._blobs.identity(sha256))
        return None if identity is None else identity.size

    async def _verified(self, file: File, identity: BlobIdentity | None) -> BlobIdentity | None:
        """Return the identity of a file whose bytes are right; ``None`` if it is not in the store.

        A large file of the right length is verified while it is sent.

        :param identity: that which the store has just reported.
        """
        if identity is None or (identity.size == file.size and identity.size >= AT_LENGTH):
            return identity
        return await self._blobs.verified(str(file.sha256), identity)

    async def is_sound(self, file: File) -> bool:
        """Return whether the file is in the store and verified; a blob with wrong bytes is removed."""
        return await self._blobs.verified(str(file.sha256)) is not None
