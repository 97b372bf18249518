"""Locks under their addresses: committed once, read again when they are asked for."""

from __future__ import annotations

from functools import partial

from attrs import define
from twisted.internet.defer import Deferred, DeferredLock
from twisted.internet.interfaces import IReactorTime
from twisted.internet.threads import deferToThread
from twisted.logger import Logger

from reqpi import locks
from reqpi.commitment import address_of, is_address
from reqpi.errors import StoreTrouble, UnknownAddress
from reqpi.interfaces import Records
from reqpi.model import Commitment, Lock
from reqpi.once import Once
from reqpi.recent import Recent

__all__ = ["Commitments", "lock_record"]

_NOTED_EVERY = 10.0
"""Seconds between two notes that an address is in use, and two looks whether a sweep elsewhere has removed it."""

_IN_MEMORY = 64 << 20
"""Bytes of commitments kept in memory, as near as that can be told: the largest lock there may be, and some more."""

_PIN = 800
"""Bytes of a pin in memory."""

_log = Logger()


def lock_record(address: str) -> str:
    """The name under which the store has a lock."""
    return f"locks/{address}"


@define
class _Noted:
    """A commitment, and when its use was noted last."""

    commitment: Commitment
    at: float


class Commitments:
    """All the commitments of a store."""

    def __init__(self, records: Records, clock: IReactorTime) -> None:
        self._records = records
        self._clock = clock
        self._read: Recent[str, _Noted] = Recent(_IN_MEMORY)
        self._loading: Once[_Noted] = Once()
        # One document at a time: reading is work for one core and, where a marker is deeply nested, CPython 3.11 fails
        # when two threads do it at once. The other threads are for the store.
        self._reading = DeferredLock()

    async def commit(self, document: bytes) -> tuple[Commitment, bool]:
        """Keep a lock under its address.

        :returns: the commitment, and whether it is new here.
        :raises reqpi.errors.BrokenLock: the document has defects; nothing is kept.
        """
        commitment = Commitment(address_of(document), await self._lock(document))
        record = lock_record(commitment.address)
        created = await self._records.get(record) is None
        if await self._records.create(record, document) != document:
            raise _damaged(commitment.address)
        if created or self._read.get(commitment.address) is None:
            self._keep(commitment)  # over what is known of it from before it was swept away
        await self._note_use(commitment.address)
        return commitment, created

    async def get(self, address: str) -> Commitment:
        """The commitment of an address; being asked for is being used.

        :raises reqpi.errors.UnknownAddress: nobody committed it here, or it was removed.
        """
        noted = self._read.get(address)
        if noted is None:
            noted = await self._loading.do(address, partial(self._load, address))
        elif self._clock.seconds() - noted.at >= _NOTED_EVERY:
            noted.at = self._clock.seconds()
            if await self._records.last_used(lock_record(address)) is None:
                self._read.drop(address)
                raise _unknown(address)
            await self._note_use(address)
        return noted.commitment

    async def _load(self, address: str) -> _Noted:
        document = await self._records.get(lock_record(address)) if is_address(address) else None
        if document is None:
            raise _unknown(address)
        if address_of(document) != address:
            raise _damaged(address)
        noted = self._keep(Commitment(address, await self._lock(document)))
        await self._note_use(address)
        return noted

    def _keep(self, commitment: Commitment) -> _Noted:
        noted = _Noted(commitment, self._clock.seconds())
        weight = len(commitment.lock.document) + _PIN * len(commitment.lock.pins)
        self._read.put(commitment.address, noted, weight)
        return noted

    async def _lock(self, document: bytes) -> Lock:
        reading: Deferred[Lock] = self._reading.run(deferToThread, locks.read, document)
        return await reading

    async def _note_use(self, address: str) -> None:
        """Noting is for sweeps. A store that can be read and not be written still serves."""
        try:
            await self._records.use(lock_record(address))
        except StoreTrouble as trouble:
            _log.warn("the use of lock {address} was not noted: {trouble}", address=address, trouble=trouble)


def _unknown(address: str) -> UnknownAddress:
    return UnknownAddress(
        f"no lock has the address {address[:8]}",
        "Commit the lock first: `reqpi gethash --url <this server> requirements.txt` prints its index URL.",
    )


def _damaged(address: str) -> StoreTrouble:
    return StoreTrouble(f"the lock {address[:8]} is damaged", "Its bytes are not those it was kept under.")
