"""Provenance objects, kept: fetched once for an address, stored, and the same forever after.

They are fetched as a file of the index is: with the login of that index and no other, from hosts that are allowed. An
object that is about another file is not kept.
"""

from __future__ import annotations

from contextlib import aclosing, suppress
from functools import partial

from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from reqpi.core.address import address_of as sha256_of
from reqpi.core.attest.errors import BadAttestation
from reqpi.core.errors import DamagedRecord, NotServed, StoreTrouble, UpstreamTrouble
from reqpi.core.interfaces import Store, Upstream
from reqpi.core.model import File
from reqpi.core.provenance.objects import LARGEST, read_provenance
from reqpi.core.shown_urls import as_shown
from reqpi.runtime.lru import LruCache
from reqpi.runtime.offload import in_thread
from reqpi.runtime.singleflight import SingleFlight
from reqpi.shelf.files.core_metadata import load_digest
from reqpi.shelf.files.partial_reads import fetched
from reqpi.shelf.record_reading import read_record
from reqpi.shelf.records import provenance_record

__all__ = ["StoredProvenance", "WrongProvenance", "stored_object"]


_REMEMBERED = 10.0
"""Seconds for which a failure is remembered that a new attempt would only repeat: any client can ask again."""

_FAILURES = 1000


class WrongProvenance(UpstreamTrouble):
    """An upstream has something else as the provenance object of a file, or that of another file."""

    final = True


class StoredProvenance:
    """The provenance objects of all files. No signature is verified here."""

    _log = Logger()

    def __init__(self, store: Store, upstream: Upstream, clock: IReactorTime) -> None:
        self._store = store
        self._upstream = upstream
        self._clock = clock
        self._failed: LruCache[tuple[File, str], tuple[UpstreamTrouble, float]] = LruCache(_FAILURES)
        self._fetching: SingleFlight[bytes] = SingleFlight()

    async def of(self, file: File, address: str) -> bytes:
        """Return the provenance object of an admitted file, which is kept from then on.

        :param address: the address under which the file was requested.
        :raises reqpi.core.errors.NotServed: its index lists none.
        :raises reqpi.core.errors.UpstreamTrouble: it cannot be obtained.
        """
        known = await self.known(file, address)
        if known is not None:
            return known
        key = (file, address)
        failed, when = self._failed.get(key) or (None, 0.0)
        if failed is not None and self._clock.seconds() - when < _REMEMBERED:
            raise failed.again()
        try:
            return await self._fetching.do(key, partial(self._fetched, file, address))
        except UpstreamTrouble as error:
            if error.final:
                self._failed.put(key, (error.again(), self._clock.seconds()), 1)
            raise

    async def known(self, file: File, address: str) -> bytes | None:
        """Return the object that is kept; ``None`` if none is. No upstream is asked.

        :raises reqpi.core.errors.NotServed: the index of the file lists none.
        :raises reqpi.core.errors.StoreTrouble: what is kept is not what was kept.
        """
        if file.provenance is None:
            raise NotServed(f"{file.filename} has no provenance", "Its index lists no attestations for it.")
        return await stored_object(self._store, file, address)

    async def _fetched(self, file: File, address: str) -> bytes:
        url = str(file.provenance)
        if url.startswith("http:") and file.url.startswith("https:"):
            raise self._wrong(file, f"The link to it is plain http: {as_shown(url)}")
        _, data, _ = await fetched(self._upstream, url, 0, None, largest=LARGEST, index=file.index)
        try:
            await in_thread(read_provenance, data, file.filename, str(file.sha256))
        except BadAttestation as bad:
            raise self._wrong(file, str(bad)) from bad
        return await self._put(file, address, data)

    def _wrong(self, file: File, why: str) -> WrongProvenance:
        self._log.warn(
            "the provenance object of {filename} is not kept: {why}", filename=file.filename, why=ascii(why)[1:-1]
        )
        return WrongProvenance(f"the upstream has a wrong provenance object for {file.filename}", f"{why}.")

    async def _put(self, file: File, address: str, data: bytes) -> bytes:
        """Store an object; return the one that stands, which another process may have stored first."""
        digest = sha256_of(data)
        incoming = await self._store.begin()
        try:
            await incoming.write(data)
            await incoming.keep(digest)
        finally:
            await incoming.discard()
        record = provenance_record(address, file)
        if await self._store.create(record, digest.encode("ascii")) != digest.encode("ascii"):
            stands = await stored_object(self._store, file, address)
            if stands is not None:
                return stands
            await self._store.replace(record, digest.encode("ascii"))
        await self._store.touch(digest)
        return data


async def stored_object(store: Store, file: File, address: str) -> bytes | None:
    """Return the provenance object of a file that a store keeps for an address; ``None`` if it keeps none.

    :raises reqpi.core.errors.StoreTrouble: what is kept is not what was kept.
    """
    record = provenance_record(address, file)
    written = await store.get(record)
    if written is None:
        return None
    sha256 = read_record(record, written, load_digest).hex
    size = await store.size(sha256)
    if size is None or size > LARGEST:
        return None
    with suppress(StoreTrouble):  # a store that is readable but not writable can still serve
        await store.touch(sha256)
    async with aclosing(store.read(sha256)) as stream:
        data = b"".join([piece async for piece in stream])
    if sha256_of(data) != sha256:
        raise DamagedRecord(record, "the bytes that it names do not match their digest")
    try:
        await in_thread(read_provenance, data, file.filename, str(file.sha256))
    except BadAttestation:
        raise DamagedRecord(record, "it names what is no provenance object of its file") from None
    return data
