"""The core metadata of wheels, whether or not upstream offers it (:pep:`658`, :pep:`714`).

Where the frozen page promised a digest, the bytes of that digest are served and no others.

Where it promised only that there is metadata, it is read from the wheel. From a wheel in the store, whose digest was
verified, it is as sure as the wheel, and is written down for every address. By ranges from upstream it is what upstream
says, like the page itself: it is written down for that address alone, and gives way as soon as the wheel is here.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import aclosing, suppress
from functools import partial

from twisted.internet.interfaces import IReactorTime

from reqpi.core.address import address_of as sha256_of
from reqpi.core.errors import DigestMismatch, StoreTrouble, UpstreamTrouble
from reqpi.core.interfaces import Store, Upstream
from reqpi.core.metadata.wheel import BrokenWheel, LazyWheel
from reqpi.core.model import Digest, File
from reqpi.runtime.singleflight import PATIENCE, SingleFlight, within
from reqpi.shelf.files.downloads import Downloads
from reqpi.shelf.files.partial_reads import by_ranges, fetched, stored
from reqpi.shelf.records import claimed_metadata_record, metadata_record

__all__ = ["CoreMetadata"]

_LARGEST = 8 << 20
"""Bytes of a metadata file, at most."""


class CoreMetadata:
    """The metadata files of all wheels."""

    def __init__(self, store: Store, upstream: Upstream, downloads: Downloads, clock: IReactorTime) -> None:
        self._store = store
        self._clock = clock
        self._upstream = upstream
        self._downloads = downloads
        self._finding: SingleFlight[bytes] = SingleFlight()

    async def of(self, file: File, address: str) -> bytes:
        """The core metadata of a wheel that was admitted.

        :param address: for which.
        :raises reqpi.core.errors.UpstreamTrouble: it cannot be had, or is not there yet.
        """
        promised = _promise(file)
        kept = await self._kept(promised) if promised else await self._known(file, address)
        if kept is not None:
            return kept
        key = (file.url, file.digests, promised, None if promised else address)
        finding = self._finding.do(
            key, lambda: self._promised(file, promised) if promised else self._found(file, address)
        )
        return await within(PATIENCE, self._clock, finding, f"the metadata of {file.filename} is")

    async def at_hand(self, file: File) -> bool:
        """Return whether the metadata of a wheel that is in the store is there too, without asking an upstream.

        If it is missing, it is read from the wheel and kept: clients that took the wheel left none behind.
        """
        promised = _promise(file)
        if promised is None:
            known = await self._store.get(metadata_record(str(file.sha256)))
            found = known is not None and await self._store.size(known.decode("ascii")) is not None
        else:
            found = await self._store.size(promised.hex) is not None
        return found or await self._taken_from_wheel(file, promised)

    async def _taken_from_wheel(self, file: File, promised: Digest | None) -> bool:
        """Keep the metadata of a wheel that is in the store, if it can be read and is what was promised."""
        sha256 = str(file.sha256)
        size = await self._store.size(sha256)
        if size is None:
            return False
        try:
            data = await self._read_stored(file, size)
            if promised is not None and sha256_of(data) != promised.hex:
                return False
            await self._keep(data)
            if promised is None:
                await self._store.create(metadata_record(sha256), sha256_of(data).encode("ascii"))
        except (UpstreamTrouble, StoreTrouble):
            return False
        return True

    async def is_settled(self, file: File) -> bool:
        """Whether the metadata of a wheel will never be other bytes: else it is what was told."""
        return _promise(file) is not None or await self._store.get(metadata_record(str(file.sha256))) is not None

    async def _known(self, file: File, address: str) -> bytes | None:
        """What was written down: of the verified wheel, else what this address was told while there was none."""
        sha256 = str(file.sha256)
        verified = await self._recorded(metadata_record(sha256))
        if verified is not None or await self._store.size(sha256) is not None:
            return verified
        return await self._recorded(claimed_metadata_record(address, sha256))

    async def _recorded(self, record: str) -> bytes | None:
        known = await self._store.get(record)
        return None if known is None else await self._kept(Digest("sha256", known.decode("ascii")))

    async def _kept(self, digest: Digest) -> bytes | None:
        """The metadata of this digest, if it is in the store, and no larger than metadata is."""
        size = await self._store.size(digest.hex)
        if size is None or size > _LARGEST:
            return None
        with suppress(StoreTrouble):  # what can be read and not be written still serves
            await self._store.touch(digest.hex)
        async with aclosing(self._store.read(digest.hex)) as pieces:
            data = b"".join([piece async for piece in pieces])
        if sha256_of(data) != digest.hex:
            raise StoreTrouble("a metadata file in the store is damaged", "The operator can remove it.")
        return data

    async def _promised(self, file: File, promised: Digest) -> bytes:
        """The metadata that the frozen page gave the digest of: upstream's own file, or what the wheel has."""
        received = promised
        for find in (self._upstreams, self._wheels):
            try:
                data = await find(file)
            except UpstreamTrouble:
                if find == self._wheels:
                    raise
                continue
            received = Digest("sha256", sha256_of(data))
            if received == promised:
                await self._keep(data)
                return data
        raise DigestMismatch(f"{file.filename}.metadata", promised, received)

    async def _found(self, file: File, address: str) -> bytes:
        """The metadata of a wheel for which upstream promised none, written down."""
        sha256 = str(file.sha256)
        data = None
        if await self._store.size(sha256) is None:
            data, record = await self._told(file), claimed_metadata_record(address, sha256)
        if data is None:
            data, record = await self._stored_wheels(file), metadata_record(sha256)
        await self._keep(data)
        stands = await self._store.create(record, sha256_of(data).encode("ascii"))
        return await self._kept(Digest("sha256", stands.decode("ascii"))) or data

    async def _keep(self, data: bytes) -> None:
        incoming = await self._store.begin()
        try:
            await incoming.write(data)
            await incoming.keep(sha256_of(data))
        finally:
            await incoming.discard()

    async def _upstreams(self, file: File) -> bytes:
        _, data, _ = await fetched(self._upstream, f"{file.url}.metadata", 0, None, largest=_LARGEST)
        return data

    async def _wheels(self, file: File) -> bytes:
        """What the wheel itself has: in the store, by ranges from upstream, or whole."""
        told = await self._told(file) if await self._store.size(str(file.sha256)) is None else None
        return told if told is not None else await self._stored_wheels(file)

    async def _told(self, file: File) -> bytes | None:
        """What a few ranges of upstream's wheel say, which no digest vouches for; ``None`` where they cannot be had."""
        try:
            return await by_ranges(
                file, file.size, _wheel(file), partial(fetched, self._upstream, file.url, largest=_LARGEST)
            )
        except BrokenWheel:
            raise
        except UpstreamTrouble:
            return None

    async def _stored_wheels(self, file: File) -> bytes:
        """What the verified wheel has, which is fetched first if it is not in the store."""
        sha256 = str(file.sha256)
        if await self._store.size(sha256) is None:
            await self._downloads.of(file).landing()
        return await self._read_stored(file, await self._store.size(sha256))

    async def _read_stored(self, file: File, size: int | None) -> bytes:
        """Return the metadata that a wheel in the store has.

        :raises BrokenWheel: it cannot be read.
        """
        metadata = await by_ranges(file, size, _wheel(file), partial(stored, self._store, str(file.sha256)))
        if metadata is None:
            raise BrokenWheel(f"{file.filename} cannot be read", "Its parts are out of all proportion.")
        return metadata


def _wheel(file: File) -> Callable[[int], LazyWheel]:
    return partial(LazyWheel, filename=file.filename, project=file.project)


def _promise(file: File) -> Digest | None:
    """The digest that the page promised: a sha256 that is not the wheel's own, or else as good as none."""
    metadata = file.core_metadata
    if not isinstance(metadata, Digest) or metadata.algorithm != "sha256" or metadata.hex == file.sha256:
        return None
    return metadata
