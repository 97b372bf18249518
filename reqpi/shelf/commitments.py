"""Locks under their addresses: committed once, read again when they are requested."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from functools import partial

from attrs import define, evolve, frozen
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from reqpi.core.address import address_of, is_address, is_listing, parse_listing
from reqpi.core.errors import BrokenLock, DamagedRecord, StoreTrouble, UnknownAddress
from reqpi.core.interfaces import Records
from reqpi.core.model import Commitment, Lock
from reqpi.core.report import Defect, Document
from reqpi.runtime.lru import LruCache
from reqpi.runtime.singleflight import SingleFlight
from reqpi.shelf.denials import Denials
from reqpi.shelf.gate import NOTHING_FOUND
from reqpi.shelf.lock_reading import LockReading
from reqpi.shelf.recorded_commits import RecordedCommits
from reqpi.shelf.records import document_record, lock_record

__all__ = ["COMMITMENTS_IN_MEMORY", "Check", "Commitments", "Lease"]

_NOTED_EVERY = 10.0
"""Seconds between two records that an address is in use, and between two checks whether another process swept it."""

COMMITMENTS_IN_MEMORY = 32 << 20
"""Bytes of commitments kept in memory: ten locks of 1 MiB, or hundreds of a usual size; a larger one is kept alone."""

_log = Logger()

Check = Callable[[Lock], Awaitable[None]]
"""A check whether a client may commit a lock; it raises an error if not."""


@define(eq=False)
class Lease:
    """The last time that the use of an address was recorded and that its lock was seen in the store.

    For some seconds from then on, requests below the address may be answered without looking at the store. A reference
    to a lease does not keep the lock in memory.
    """

    at: float

    def holds(self, now: float) -> bool:
        """Return whether the lease is still valid.

        :param now: seconds since the epoch.
        """
        return abs(now - self.at) < _NOTED_EVERY  # a clock may be set back


@frozen
class _Read:
    commitment: Commitment
    lease: Lease


class Commitments:
    """All commitments of a store.

    :param denied: returns the parts of a lock that the operator does not allow, as defects.
    :param in_memory: bytes of commitments that are kept in memory.
    :param reading: reads the documents; ``None``: in threads of this process.
    :param denials: their gate is asked about each lock that is committed; ``None``: no gate is.

    :ivar on_new: called with each commitment that is new in this store.
    """

    on_new: Callable[[Commitment], None] = staticmethod(lambda _: None)

    def __init__(
        self,
        records: Records,
        clock: IReactorTime,
        denied: Callable[[Lock], Sequence[Defect]] = lambda _: (),
        in_memory: int = COMMITMENTS_IN_MEMORY,
        reading: LockReading | None = None,
        *,
        denials: Denials | None = None,
    ) -> None:
        self._denials = denials
        self._records = records
        self._recorded = RecordedCommits(records, clock)
        self._denied = denied
        self._clock = clock
        self._read: LruCache[str, _Read] = LruCache(in_memory)
        self._in_memory = in_memory
        self._loading: SingleFlight[_Read] = SingleFlight()
        self._reading = reading or LockReading()

    @property
    def weight(self) -> int:
        """Bytes of the commitments in memory, as far as they are counted."""
        return self._read.weight

    async def commit(self, document: bytes, check: Check | None = None) -> tuple[Commitment, bool]:
        """Store a lock of one document under its address.

        :param check: raises an error if the client may not commit the lock; nothing is stored then. ``None``: it may.
        :returns: the commitment with all warnings about its lock, and whether it is new in this store.
        :raises reqpi.core.errors.BrokenLock: the document has defects, or names something that the operator does not
            allow; nothing is stored.
        """
        return await self._commit(await self._reading.read(document, known=False), check)

    async def commit_together(
        self, documents: Sequence[Document], check: Check | None = None
    ) -> tuple[Commitment, bool]:
        """Store a lock of several documents under the address of their listing; see :meth:`commit`."""
        return await self._commit(await self._reading.read(documents, known=False), check)

    async def _commit(self, lock: Lock, check: Check | None) -> tuple[Commitment, bool]:
        if check is not None:
            await check(lock)
        defects = self._denied(lock)
        # A gate may ask the indexes of the lock: not those that the operator does not allow.
        found = NOTHING_FOUND if defects or self._denials is None else await self._denials.gate.check_lock(lock)
        if defects or found.defects:
            raise BrokenLock((*defects, *found.defects))
        commitment = Commitment(address_of(lock.document), lock)
        record = lock_record(commitment.address)
        created = await self._records.get(record) is None
        for document in lock.documents:
            if document.path:
                await self._created(document_record(address_of(document.data)), document.data)
        await self._created(record, lock.document)
        if created or self._read.get(commitment.address) is None:
            self._keep(commitment)  # replaces what is known about it from before it was swept
        await self._note_use(commitment.address)
        if created:
            await self._recorded.note(commitment.address)
            self.on_new(commitment)
        if found.notes:
            commitment = evolve(commitment, lock=evolve(lock, notes=(*lock.notes, *found.notes)))
        return commitment, created

    async def _created(self, record: str, value: bytes) -> None:
        """Store what a digest names. The record is used before it is created: a sweep might remove it in between."""
        with suppress(StoreTrouble):  # a record in a store that cannot be written is as good as a new one
            await self._records.use(record)
        if await self._records.create(record, value) != value:
            raise _damaged(record)

    async def get(self, address: str, *, use: bool = True) -> Commitment:
        """Return the commitment of an address.

        :param use: whether this counts as use of the address.
        :raises reqpi.core.errors.UnknownAddress: no lock with this address was committed here, or it was removed.
        """
        read = self._read.get(address)
        if read is None:
            read = await self._loading.do(address, partial(self._load, address))
            if use:
                await self._note_use(address)
            else:
                read.lease.at = -math.inf  # the next request has to record its use
        elif use and not read.lease.holds(self._clock.seconds()):
            read.lease.at = self._clock.seconds()
            if await self._records.last_used(lock_record(address)) is None:
                self._read.drop(address)
                read.lease.at = -math.inf
                raise _unknown(address)
            await self._note_use(address)
        return read.commitment

    def lease(self, commitment: Commitment) -> Lease | None:
        """Return the lease of a recently requested commitment; ``None`` if the lock has been read again since."""
        read = self._read.get(commitment.address)
        return read.lease if read is not None and read.commitment is commitment else None

    def renew(self) -> None:
        """Let nothing count any more that was made from a commitment, other than its lock.

        Each commitment in memory becomes another object, and its lease ends: the next request looks for its lock again.
        """
        self._read.change(lambda read: _Read(evolve(read.commitment), Lease(-math.inf)))

    async def _load(self, address: str) -> _Read:
        document = await self._records.get(lock_record(address)) if is_address(address) else None
        if document is None:
            raise _unknown(address)
        if address_of(document) != address:
            raise _damaged(lock_record(address))
        if is_listing(document):
            documents = [await self._listed(*entry) for entry in parse_listing(document)]
            lock = await self._reading.read(documents, known=True)
        else:
            lock = await self._reading.read(document, known=True)
        return self._keep(Commitment(address, lock))

    async def _listed(self, sha256: str, path: str) -> Document:
        data = await self._records.get(document_record(sha256))
        if data is None or address_of(data) != sha256:
            raise _damaged(document_record(sha256))
        return Document(path, data)

    def _keep(self, commitment: Commitment) -> _Read:
        read = _Read(commitment, Lease(self._clock.seconds()))
        # A lock above the bound is kept as the only one: reading it again for each request would take seconds.
        weight = min(commitment.lock.weight, self._in_memory)
        self._read.put(commitment.address, read, weight)
        return read

    async def _note_use(self, address: str) -> None:
        """Record, for sweeps, that an address is used. A store that is readable but not writable can still serve."""
        try:
            await self._records.use(lock_record(address))
        except StoreTrouble as trouble:
            _log.warn("could not record the use of lock {address}: {trouble}", address=address, trouble=trouble)


def _unknown(address: str) -> UnknownAddress:
    return UnknownAddress(
        f"no lock has the address {address[:8]}",
        "Commit the lock first: `reqpi gethash --url <this server> requirements.txt` prints its index URL.",
    )


def _damaged(record: str) -> DamagedRecord:
    return DamagedRecord(record, "it is missing, or its bytes do not match the digest it is stored under")
