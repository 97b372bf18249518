"""The core metadata of wheels, whether or not the upstream offers it (:pep:`658`, :pep:`714`).

Once a wheel is in the store, the metadata inside it is served, whatever a page promised. :mod:`reqpi.shelf.files.facts`
has the rule. Until then, the upstream is believed: if the page promised a digest, the bytes of that digest are served
and no others; if it promised only that there is metadata, the metadata is read by ranges from the upstream's wheel.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from contextlib import aclosing, suppress
from functools import partial

from twisted.internet.interfaces import IReactorTime

from reqpi.core.address import address_of as sha256_of
from reqpi.core.errors import DigestMismatch, StoreTrouble, UpstreamTrouble
from reqpi.core.interfaces import Store, Upstream
from reqpi.core.metadata.promises import promised_digest
from reqpi.core.metadata.wheel import BrokenWheel, LazyWheel
from reqpi.core.model import Digest, File
from reqpi.core.simple.entries import digest
from reqpi.runtime.lru import LruCache
from reqpi.runtime.singleflight import PATIENCE, SingleFlight, each, within
from reqpi.shelf.files.downloads import Downloads
from reqpi.shelf.files.facts import FactRecords, Facts
from reqpi.shelf.files.metadata_differences import MetadataDifferences
from reqpi.shelf.files.partial_reads import Take, by_ranges, fetched, stored
from reqpi.shelf.record_reading import read_record
from reqpi.shelf.records import claimed_metadata_record, metadata_record

__all__ = ["CoreMetadata", "load_digest"]

_LARGEST = 8 << 20
"""Bytes of a metadata file, at most."""

_NAMES = 30_000
"""Verified wheels of which the digest of their core metadata is remembered: no record of it ever changes."""

_AT_ONCE = 16
"""Wheels that one caller looks up concurrently."""

_SOON = 4 << 20
"""Bytes of a wheel that is being downloaded, and is awaited for its metadata, at most."""


class CoreMetadata:
    """The metadata files of all wheels.

    :ivar differences: the wheels whose metadata is not what a page promised.
    """

    def __init__(self, store: Store, upstream: Upstream, downloads: Downloads, clock: IReactorTime) -> None:
        self._store = store
        self._blobs = downloads.blobs
        self._downloads = downloads
        self._clock = clock
        self._upstream = upstream
        self._facts = Facts(store, downloads, self._named)
        self._finding: SingleFlight[bytes] = SingleFlight()
        self._recorded_names: LruCache[str, Digest] = LruCache(_NAMES)
        self.differences = MetadataDifferences(store, clock)

    async def of(self, file: File, address: str) -> bytes:
        """Return the core metadata of an admitted wheel.

        :param address: the address under which the wheel was requested.
        :raises reqpi.core.errors.UpstreamTrouble: the metadata cannot be obtained, or not within the time that clients
            wait.
        """
        promised = promised_digest(file)
        known = await self._known(file, address, promised)
        if known is not None:
            return known
        key = (file.url, file.index, file.digests, promised, address)
        finding = self._finding.do(key, partial(self._found, file, address, promised))
        return await within(PATIENCE, self._clock, finding, f"the metadata of {file.filename} is")

    async def known(self, file: File, address: str) -> bytes | None:
        """Return the core metadata of an admitted wheel without asking an upstream; ``None`` if that is not possible.

        :param address: the address under which the wheel is looked at.
        """
        promised = promised_digest(file)
        known = await self._known(file, address, promised)
        if known is None and await self._is_taken_from_wheel(file):
            known = await self._known(file, address, promised)
        return known

    async def _known(self, file: File, address: str, promised: Digest | None) -> bytes | None:
        """Return the metadata without reading a wheel: that of the verified wheel, or the claim if there is none."""
        verified = await self._verified(file)
        if verified is not None or await self._facts.size(file) is not None:
            return verified
        if promised is not None:
            return await self._by_digest(promised)
        return await self._facts.known(file, _records(file, address))

    async def _verified(self, file: File) -> bytes | None:
        """Return the recorded metadata of the verified wheel; compare it with what the page promised."""
        record = metadata_record(str(file.sha256))
        known = await self._store.get(record)
        if known is None:
            return None
        named = _named_in(record, known)
        self._recorded_names.put(str(file.sha256), named, 1)
        await self.differences.compare(file, named)
        return await self._by_digest(named)

    def verified_name(self, file: File) -> str | None:
        """Return the sha256 of the core metadata of a verified wheel, if this process has looked it up recently."""
        named = self._recorded_names.get(str(file.sha256))
        return None if named is None else named.hex

    async def lacking(self, files: Collection[File]) -> list[File]:
        """Return those of some wheels in the store for which :meth:`at_hand` is false."""
        named: dict[File, str] = {}
        for file in files:
            verified = self._recorded_names.get(str(file.sha256))
            if verified is not None:
                await self.differences.compare(file, verified)
                named[file] = verified.hex
        sizes = await self._store.sizes(*named.values())
        others = [file for file in files if file not in named or sizes[named[file]] is None]
        at_hand = await each(others, self.at_hand, _AT_ONCE)
        return [file for file, there in at_hand.items() if not there]

    async def at_hand(self, file: File) -> bool:
        """Return whether the store has the metadata of a wheel that it has, without asking an upstream.

        Missing metadata is read from the wheel and stored: a client may have downloaded the wheel without it.
        """
        record = metadata_record(str(file.sha256))
        known = await self._store.get(record)
        if known is not None:
            named = _named_in(record, known)
            self._recorded_names.put(str(file.sha256), named, 1)
            await self.differences.compare(file, named)
            if await self._store.size(named.hex) is not None:
                return True
        return await self._is_taken_from_wheel(file)

    async def _is_taken_from_wheel(self, file: File) -> bool:
        """Store the metadata of a wheel that is in the store; return whether the store has what will be served."""
        size = await self._facts.size(file)
        if size is None:
            return False
        try:
            await self._taken_from_wheel(file, size)
        except BrokenWheel:
            promised = promised_digest(file)
            return promised is not None and await self._store.size(promised.hex) is not None
        except (UpstreamTrouble, StoreTrouble):
            return False
        return True

    async def _taken_from_wheel(self, file: File, size: int) -> bytes:
        """Read and record the metadata of a wheel in the store.

        :raises BrokenWheel: the wheel cannot be read.
        """
        data = await self._recorded(metadata_record(str(file.sha256)), await self._read_stored(file, size))
        await self.differences.compare(file, Digest("sha256", sha256_of(data)))
        return data

    async def is_settled(self, file: File) -> bool:
        """Return whether the metadata of a wheel will never be other bytes; if not, it is an upstream's claim."""
        return await self._store.get(metadata_record(str(file.sha256))) is not None

    async def _named(self, record: str, known: bytes) -> bytes | None:
        """Return the metadata that a record names, if it is in the store."""
        return await self._by_digest(_named_in(record, known))

    async def _by_digest(self, digest: Digest) -> bytes | None:
        """Return the metadata with this digest, if it is in the store and not larger than :data:`_LARGEST`."""
        size = await self._store.size(digest.hex)
        if size is None or size > _LARGEST:
            return None
        with suppress(StoreTrouble):  # a store that is readable but not writable can still serve
            await self._store.touch(digest.hex)
        async with aclosing(self._store.read(digest.hex)) as stream:
            data = b"".join([piece async for piece in stream])
        if sha256_of(data) != digest.hex:
            raise StoreTrouble("a metadata file in the store is damaged", "The operator can remove it.")
        return data

    async def _promised(self, file: File, promised: Digest) -> bytes:
        """Return the metadata whose digest the frozen page gives: the upstream's own file, or that of the wheel."""
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

    async def _found(self, file: File, address: str, promised: Digest | None) -> bytes:
        """Find metadata and store it: that of the wheel in the store, otherwise the upstream's claim."""
        if file.size is not None and file.size <= _SOON and self._downloads.is_under_way(file):
            with suppress(UpstreamTrouble):  # the metadata alone may be available all the same
                await self._downloads.finished(file)
        if promised is None:
            data, verified = await self._read(file)
            records = _records(file, address)
            return await self._recorded(records.verified if verified else records.claimed, data)
        size = await self._facts.size(file)
        if size is not None:
            # A wheel whose metadata cannot be read is installed by no client; the promise is all that there is.
            with suppress(BrokenWheel):
                return await self._taken_from_wheel(file, size)
        return await self._by_digest(promised) or await self._promised(file, promised)

    async def _recorded(self, record: str, data: bytes) -> bytes:
        """Store and record metadata; return what stands, which another process may have recorded first."""
        await self._keep(data)
        stands = await self._store.create(record, sha256_of(data).encode("ascii"))
        return await self._named(record, stands) or data

    async def _keep(self, data: bytes) -> None:
        incoming = await self._store.begin()
        try:
            await incoming.write(data)
            await incoming.keep(sha256_of(data))
        finally:
            await incoming.discard()

    def _take(self, file: File, suffix: str = "") -> Take:
        return partial(fetched, self._upstream, f"{file.url}{suffix}", largest=_LARGEST, index=file.index)

    async def _upstreams(self, file: File) -> bytes:
        _, data, _ = await self._take(file, ".metadata")(0, None)
        return data

    async def _wheels(self, file: File) -> bytes:
        data, _ = await self._read(file)
        return data

    async def _read(self, file: File) -> tuple[bytes, bool]:
        """Return the metadata in the wheel, and whether it is verified."""
        return await self._facts.find(file, partial(self._claimed, file), partial(self._read_stored, file))

    async def _claimed(self, file: File) -> tuple[bytes | None, bool]:
        """Return the metadata in a few ranges of the upstream's wheel; ``None`` if they cannot be obtained."""
        try:
            return await by_ranges(file, file.size, _wheel(file), self._take(file)), False
        except BrokenWheel:
            raise
        except UpstreamTrouble:
            return None, False

    async def _read_stored(self, file: File, size: int | None) -> bytes:
        """Return the metadata in a wheel in the store.

        :raises BrokenWheel: the wheel cannot be read.
        """
        metadata = await by_ranges(file, size, _wheel(file), partial(stored, self._blobs, str(file.sha256)))
        if metadata is None:
            raise BrokenWheel(f"{file.filename} cannot be read", "The sizes of its members are implausible.")
        return metadata


def load_digest(data: bytes) -> Digest:
    """Return the digest of core metadata that a record names.

    :raises Exception: one of :data:`reqpi.core.stored_json.NOT_WRITTEN`: it is damaged.
    """
    found = digest("sha256", data.decode("ascii"))
    if found is None or found.hex.encode() != data:
        raise ValueError("it is not a sha256")
    return found


def _named_in(record: str, data: bytes) -> Digest:
    return read_record(record, data, load_digest)


def _wheel(file: File) -> Callable[[int], LazyWheel]:
    return partial(LazyWheel, filename=file.filename, project=file.project)


def _records(file: File, address: str) -> FactRecords:
    sha256 = str(file.sha256)
    return FactRecords(metadata_record(sha256), claimed_metadata_record(address, sha256))
