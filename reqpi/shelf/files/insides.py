"""The inside of files, for people: what the store has, and nothing of an upstream.

A file in the store is read within bounds, one at a time, in a thread. Its members are those of verified bytes, so they
never change, and are remembered.
"""

from __future__ import annotations

from functools import partial

from attrs import frozen
from twisted.internet.defer import DeferredSemaphore
from twisted.internet.interfaces import IReactorTime

from reqpi.core.file_inside import DescribedRelease, FileInside, described_release
from reqpi.core.metadata.archive_listing import ArchiveListing, BrokenArchive, list_sdist, list_zip
from reqpi.core.metadata.described import core_metadata
from reqpi.core.metadata.tar_members import LARGEST
from reqpi.core.metadata.zip_ranges import ZipRangePlan
from reqpi.core.model import File
from reqpi.core.sbom.about import about
from reqpi.core.sbom.model import Licence
from reqpi.runtime.lru import LruCache
from reqpi.runtime.offload import in_thread
from reqpi.runtime.singleflight import PATIENCE, SingleFlight, within
from reqpi.shelf.files.core_metadata import CoreMetadata
from reqpi.shelf.files.partial_reads import by_ranges, stored
from reqpi.shelf.files.verified_blobs import VerifiedBlobs

__all__ = ["FileInsides"]

_LISTINGS = 8 << 20
"""Bytes of listings and descriptions that are remembered, estimated."""

_LICENCES = 20_000
"""Wheels whose licences are remembered."""


@frozen
class _Read:
    """The result of reading an archive.

    :param described: the core metadata of an sdist; that of a wheel is a record of its own.
    """

    listing: ArchiveListing | None
    described: DescribedRelease | None = None
    unread: str = ""

    @property
    def weight(self) -> int:
        """Bytes of memory, estimated."""
        listed = sum(200 + 2 * len(member.name) for member in self.listing.members) if self.listing else 0
        lines = (*self.described.requires, *self.described.classifiers) if self.described else ()
        return 2000 + listed + sum(100 + 2 * len(line) for line in lines)


class FileInsides:
    """The inside of all files. The caller has already decided that the client may have the file."""

    def __init__(self, blobs: VerifiedBlobs, core_metadata: CoreMetadata, clock: IReactorTime) -> None:
        self._blobs = blobs
        self._core_metadata = core_metadata
        self._clock = clock
        self._known: LruCache[str, _Read] = LruCache(_LISTINGS)
        self._licences: LruCache[str, tuple[Licence, ...]] = LruCache(_LICENCES)
        self._reading: SingleFlight[_Read] = SingleFlight()
        self._turn = DeferredSemaphore(1)

    async def of(self, file: File, address: str) -> FileInside:
        """Return what the store has about the inside of an admitted file.

        :raises reqpi.core.errors.Pending: the archive is being read; it takes long.
        """
        sha256 = str(file.sha256)
        identity = await self._blobs.identity(sha256)
        if identity is None:
            described = await self._described(file, address)
            return FileInside(file, None, described, None, "The file is not in the store yet.")
        read = self._known.get(sha256)
        if read is None and identity.size > LARGEST and not self._blobs.is_verified(sha256, identity):
            read = _Read(None, unread=f"The file has more than {LARGEST >> 20} MiB, and was not served recently.")
        if read is None:
            waiting = self._reading.do(sha256, partial(self._read, file, identity.size))
            read = await within(PATIENCE, self._clock, waiting, f"the members of {file.filename} are")
        described = await self._described(file, address) if file.wheel else read.described
        return FileInside(file, identity.size, described, read.listing, read.unread)

    async def licences(self, file: File, address: str) -> tuple[Licence, ...] | None:
        """Return the licences of a wheel; ``None`` if the store does not have its core metadata."""
        sha256 = str(file.sha256)
        known = self._licences.get(sha256)
        if known is not None:
            return known
        metadata = await self._core_metadata.known(file, address)
        if metadata is None:
            return None
        found = (await in_thread(about, metadata)).licences
        if await self._core_metadata.is_settled(file):
            self._licences.put(sha256, found, 1)
        return found

    async def _described(self, file: File, address: str) -> DescribedRelease | None:
        metadata = await self._core_metadata.known(file, address) if file.wheel else None
        return None if metadata is None else await in_thread(described_release, metadata)

    async def _read(self, file: File, size: int) -> _Read:
        """Read an archive in the store, and remember what was found."""
        sha256 = str(file.sha256)
        await self._turn.acquire()
        try:
            read = await (self._wheel(file, size) if file.wheel else self._sdist(file, size))
        except BrokenArchive as error:
            read = _Read(None, unread=f"The archive cannot be read: {error.detail}")
        finally:
            self._turn.release()
        self._known.put(sha256, read, read.weight)
        return read

    async def _wheel(self, file: File, size: int) -> _Read:
        await self._core_metadata.at_hand(file)
        take = partial(stored, self._blobs, str(file.sha256))
        listing = await by_ranges(file, size, lambda length: ZipRangePlan(length, list_zip), take)
        return _Read(listing, unread="" if listing else "The sizes of its members are implausible.")

    async def _sdist(self, file: File, size: int) -> _Read:
        if size > LARGEST:
            return _Read(None, unread=f"The file has more than {LARGEST >> 20} MiB.")
        _, data, _ = await stored(self._blobs, str(file.sha256), 0, LARGEST)
        return await in_thread(_read_sdist, data, file.filename)


def _read_sdist(data: bytes, filename: str) -> _Read:
    listing = list_sdist(data, filename)
    metadata = core_metadata(data, filename)
    return _Read(listing, None if metadata is None else described_release(metadata))
