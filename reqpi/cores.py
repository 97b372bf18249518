"""The core metadata of wheels, whether or not upstream offers it (:pep:`658`, :pep:`714`).

Where the frozen page promised a digest, the bytes of that digest are served and no others. Where it promised only
that there is metadata, it is read from the wheel: from the store, else by ranges, else from the whole wheel once that
is fetched. What was found is written down under the wheel's sha256, and is the answer from then on.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import aclosing
from functools import partial

from twisted.internet.interfaces import IReactorTime
from twisted.internet.threads import deferToThread

from reqpi.arrivals import Arrivals
from reqpi.commitment import address_of as sha256_of
from reqpi.errors import DigestMismatch, StoreTrouble, UpstreamTrouble
from reqpi.interfaces import Origin, Store
from reqpi.metadata import TAIL, BrokenWheel, LazyWheel
from reqpi.model import Digest, File
from reqpi.once import PATIENCE, Once, within

__all__ = ["Cores", "known_record"]

_LARGEST = 8 << 20
"""Bytes of a metadata file, at most."""

_Range = tuple[int, bytes, int | None]
"""Where it begins, its bytes, and the size of the whole where that is known."""


def known_record(sha256: str) -> str:
    """The name under which the store has the sha256 of a wheel's metadata."""
    return f"metadata/{sha256}"


class Cores:
    """The metadata files of all wheels."""

    def __init__(self, store: Store, origin: Origin, arrivals: Arrivals, clock: IReactorTime) -> None:
        self._store = store
        self._clock = clock
        self._origin = origin
        self._arrivals = arrivals
        self._finding: Once[bytes] = Once()

    async def of(self, file: File) -> bytes:
        """The core metadata of a wheel that was admitted.

        :raises reqpi.errors.UpstreamTrouble: it cannot be had, or is not there yet.
        """
        promised = file.core_metadata if isinstance(file.core_metadata, Digest) else None
        kept = await self._kept(promised.hex if promised else await self._known(file))
        if kept is not None:
            return kept
        key = (file.sha256, promised)
        finding = self._finding.do(key, lambda: self._promised(file, promised) if promised else self._found(file))
        return await within(PATIENCE, self._clock, finding, f"the metadata of {file.filename} is")

    async def _known(self, file: File) -> str | None:
        known = await self._store.get(known_record(str(file.sha256)))
        return known.decode("ascii") if known is not None else None

    async def _kept(self, sha256: str | None) -> bytes | None:
        if sha256 is None or await self._store.size(sha256) is None:
            return None
        async with aclosing(self._store.read(sha256)) as pieces:
            data = b"".join([piece async for piece in pieces])
        if sha256_of(data) != sha256:
            raise StoreTrouble("a metadata file in the store is damaged", "The operator can remove it.")
        return data

    async def _promised(self, file: File, promised: Digest) -> bytes:
        """The metadata that the frozen page gave the digest of: from upstream's own file, or from the wheel."""
        try:
            data = await self._upstreams(file)
        except UpstreamTrouble:
            data = await self._wheels(file)
        received = Digest("sha256", sha256_of(data))
        if received != promised:
            raise DigestMismatch(f"{file.filename}.metadata", promised, received)
        await self._keep(data, promised.hex)
        return data

    async def _found(self, file: File) -> bytes:
        """The metadata of a wheel for which upstream promised none, written down."""
        data = await self._wheels(file)
        await self._keep(data, sha256_of(data))
        stands = await self._store.create(known_record(str(file.sha256)), sha256_of(data).encode("ascii"))
        return await self._kept(stands.decode("ascii")) or data

    async def _keep(self, data: bytes, sha256: str) -> None:
        incoming = await self._store.begin()
        try:
            await incoming.write(data)
            await incoming.keep(sha256)
        finally:
            await incoming.discard()

    async def _upstreams(self, file: File) -> bytes:
        _, data, _ = await self._fetched(f"{file.url}.metadata", 0, None)
        return data

    async def _wheels(self, file: File) -> bytes:
        """What the wheel itself has: in the store, by ranges from upstream, or whole."""
        if await self._store.size(str(file.sha256)) is None:
            try:
                metadata = await _by_ranges(file, file.size, partial(self._fetched, file.url))
            except BrokenWheel:
                raise
            except UpstreamTrouble:
                metadata = None
            if metadata is not None:
                return metadata
            await self._arrivals.of(file).landing()
        size = await self._store.size(str(file.sha256))
        metadata = await _by_ranges(file, size, partial(self._stored, str(file.sha256)))
        if metadata is None:
            raise BrokenWheel(f"{file.filename} cannot be read", "Its parts are out of all proportion.")
        return metadata

    async def _fetched(self, url: str, start: int, stop: int | None) -> _Range:
        transfer = await self._origin.open(url, start, stop)
        data = bytearray()
        try:
            async for piece in transfer:
                data += piece
                if len(data) > _LARGEST:
                    raise UpstreamTrouble(f"{url} sent too much", f"More than {_LARGEST} bytes, for metadata.")
        finally:
            transfer.close()
        return transfer.start, bytes(data), transfer.size

    async def _stored(self, sha256: str, start: int, stop: int | None) -> _Range:
        async with aclosing(self._store.read(sha256, start, stop)) as pieces:
            return start, b"".join([piece async for piece in pieces]), None


async def _by_ranges(
    file: File, size: int | None, take: Callable[[int, int | None], Awaitable[_Range]]
) -> bytes | None:
    """The metadata of a wheel, from a few ranges; ``None`` where that would take too many."""
    first = None
    if size is None:
        first = await take(-TAIL, None)
        size = first[2]
        if size is None:
            return None
    wheel = LazyWheel(size, file.filename, file.project)
    while (wanted := wheel.needs()) is not None:
        start, data, _ = first or await take(*wanted)
        first = None
        try:
            await deferToThread(wheel.fill, start, data)
        except ValueError as error:
            raise UpstreamTrouble(f"{file.filename} has another length upstream", str(error)) from error
    return wheel.metadata
