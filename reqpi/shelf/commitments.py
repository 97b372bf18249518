"""Locks under their addresses: committed once, read again when they are asked for."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Sequence
from contextlib import nullcontext, suppress
from functools import partial
from typing import Generic, TypeVar
from weakref import ref

from attrs import define, frozen
from twisted.internet.defer import Deferred, DeferredLock
from twisted.internet.interfaces import IReactorTime
from twisted.internet.threads import deferToThread
from twisted.logger import Logger

from reqpi.core import locks
from reqpi.core.address import address_of, is_address, is_listing, parse_listing
from reqpi.core.errors import BrokenLock, StoreTrouble, UnknownAddress
from reqpi.core.interfaces import Records
from reqpi.core.model import Commitment, Lock
from reqpi.core.report import Defect, Document
from reqpi.runtime.gc_pause import paused
from reqpi.runtime.lru import LruCache
from reqpi.runtime.singleflight import SingleFlight
from reqpi.shelf.records import document_record, lock_record

__all__ = ["CommitmentCache", "Commitments", "Lease"]

_NOTED_EVERY = 10.0
"""Seconds between two notes that an address is in use, and two looks whether a sweep elsewhere has removed it."""

_IN_MEMORY = 32 << 20
"""Bytes of commitments kept in memory: ten locks of 1 MiB, or hundreds of a usual size; a larger one alone."""

_LARGE = 1 << 17
"""Bytes of documents that may have thousands of pins."""

_T = TypeVar("_T")
_V = TypeVar("_V")

_log = Logger()


@define(eq=False)
class Lease:
    """When it was noted last that an address is used, and seen that its lock is there.

    For some seconds from then on, whatever is under it may be answered with no look at the store. Who keeps a lease
    keeps no lock in memory with it.
    """

    at: float

    def holds(self, now: float) -> bool:
        """Whether it still does.

        :param now: seconds since the epoch.
        """
        return abs(now - self.at) < _NOTED_EVERY  # a clock may be set back


@frozen
class _Read:
    commitment: Commitment
    lease: Lease


class CommitmentCache(Generic[_V]):
    """What was made of commitments lately, within a bound.

    It is good for the commitment as it was read then: a lock that was swept away and committed again is read again.
    Commitments are held weakly: how many of them are kept in memory is for :class:`Commitments` to say.
    """

    def __init__(self, bound: int) -> None:
        self._made: LruCache[tuple[str, Hashable], tuple[ref[Commitment], _V]] = LruCache(bound)

    def get(self, commitment: Commitment, key: Hashable) -> _V | None:
        """What was made of it for ``key``, if it is here."""
        made = self._made.get((commitment.address, key))
        return made[1] if made is not None and made[0]() is commitment else None

    def put(self, commitment: Commitment, key: Hashable, value: _V, weight: int) -> None:
        """See :meth:`reqpi.runtime.lru.LruCache.put`."""
        self._made.put((commitment.address, key), (ref(commitment), value), weight)


class Commitments:
    """All the commitments of a store.

    :param refuses: what of a lock the operator does not allow.
    :param in_memory: bytes of commitments that are kept in memory.

    :ivar on_new: is told of each lock that was not here before.
    """

    on_new: Callable[[Commitment], None] = staticmethod(lambda _: None)

    def __init__(
        self,
        records: Records,
        clock: IReactorTime,
        refuses: Callable[[Lock], Sequence[Defect]] = lambda _: (),
        in_memory: int = _IN_MEMORY,
    ) -> None:
        self._records = records
        self._refuses = refuses
        self._clock = clock
        self._read: LruCache[str, _Read] = LruCache(in_memory)
        self._in_memory = in_memory
        self._loading: SingleFlight[_Read] = SingleFlight()
        # One document at a time: reading is work for one core and, where a marker is deeply nested, CPython 3.11 fails
        # when two threads do it at once. The other threads are for the store.
        self._reading = DeferredLock()

    @property
    def weight(self) -> int:
        """Bytes of the commitments that are in memory, as far as they are counted."""
        return self._read.weight

    async def commit(self, document: bytes) -> tuple[Commitment, bool]:
        """Keep a lock of one document under its address.

        :returns: the commitment, and whether it is new here.
        :raises reqpi.core.errors.BrokenLock: the document has defects, or the operator does not allow what it names;
            nothing
            is kept.
        """
        return await self._commit(await self._lock(locks.read, document, len(document)))

    async def commit_together(self, documents: Sequence[Document]) -> tuple[Commitment, bool]:
        """Keep a lock of several documents under the address of their listing; otherwise as :meth:`commit`."""
        size = sum(len(document.data) for document in documents)
        return await self._commit(await self._lock(locks.read_together, documents, size))

    async def _commit(self, lock: Lock) -> tuple[Commitment, bool]:
        refused = self._refuses(lock)
        if refused:
            raise BrokenLock(refused)
        commitment = Commitment(address_of(lock.document), lock)
        record = lock_record(commitment.address)
        created = await self._records.get(record) is None
        for document in lock.documents:
            if document.path:
                await self._created(document_record(address_of(document.data)), document.data)
        await self._created(record, lock.document)
        if created or self._read.get(commitment.address) is None:
            self._keep(commitment)  # over what is known of it from before it was swept away
        await self._note_use(commitment.address)
        if created:
            self.on_new(commitment)
        return commitment, created

    async def _created(self, record: str, value: bytes) -> None:
        """Write down what a digest names. It is used before it is created, as a sweep might take it in between."""
        with suppress(StoreTrouble):  # what stands in a store that cannot be written is as good as new
            await self._records.use(record)
        if await self._records.create(record, value) != value:
            raise _damaged(record.rpartition("/")[2])

    async def get(self, address: str) -> Commitment:
        """The commitment of an address; being asked for is being used.

        :raises reqpi.core.errors.UnknownAddress: nobody committed it here, or it was removed.
        """
        read = self._read.get(address)
        if read is None:
            read = await self._loading.do(address, partial(self._load, address))
        elif not read.lease.holds(self._clock.seconds()):
            read.lease.at = self._clock.seconds()
            if await self._records.last_used(lock_record(address)) is None:
                self._read.drop(address)
                read.lease.at = -math.inf
                raise _unknown(address)
            await self._note_use(address)
        return read.commitment

    def lease(self, commitment: Commitment) -> Lease | None:
        """The lease of a commitment that was asked for lately; ``None`` where it was read anew since."""
        read = self._read.get(commitment.address)
        return read.lease if read is not None and read.commitment is commitment else None

    async def _load(self, address: str) -> _Read:
        document = await self._records.get(lock_record(address)) if is_address(address) else None
        if document is None:
            raise _unknown(address)
        if address_of(document) != address:
            raise _damaged(address)
        if is_listing(document):
            documents = [await self._listed(*entry) for entry in parse_listing(document)]
            size = sum(len(each.data) for each in documents)
            lock = await self._lock(locks.read_together, documents, size)
        else:
            lock = await self._lock(locks.read, document, len(document))
        read = self._keep(Commitment(address, lock))
        await self._note_use(address)
        return read

    async def _listed(self, sha256: str, path: str) -> Document:
        data = await self._records.get(document_record(sha256))
        if data is None or address_of(data) != sha256:
            raise _damaged(sha256)
        return Document(path, data)

    def _keep(self, commitment: Commitment) -> _Read:
        read = _Read(commitment, Lease(self._clock.seconds()))
        # A lock above the bound is kept alone: reading it again for each request would take seconds.
        weight = min(commitment.lock.weight, self._in_memory)
        self._read.put(commitment.address, read, weight)
        return read

    async def _lock(self, read: Callable[[_T], Lock], document: _T, size: int) -> Lock:
        reading: Deferred[Lock] = self._reading.run(deferToThread, _worked_out, read, document, size)
        return await reading

    async def _note_use(self, address: str) -> None:
        """Noting is for sweeps. A store that can be read and not be written still serves."""
        try:
            await self._records.use(lock_record(address))
        except StoreTrouble as trouble:
            _log.warn("the use of lock {address} was not noted: {trouble}", address=address, trouble=trouble)


def _worked_out(read: Callable[[_T], Lock], document: _T, size: int) -> Lock:
    """The lock that was read, its indices and its weight too: each takes up to 50 ms for ten thousand pins."""
    with paused() if size > _LARGE else nullcontext():
        lock = read(document)
        _ = lock.projects, lock.releases, lock.weight
        return lock


def _unknown(address: str) -> UnknownAddress:
    return UnknownAddress(
        f"no lock has the address {address[:8]}",
        "Commit the lock first: `reqpi gethash --url <this server> requirements.txt` prints its index URL.",
    )


def _damaged(address: str) -> StoreTrouble:
    return StoreTrouble(f"the lock {address[:8]} is damaged", "Its bytes are not those it was kept under.")
