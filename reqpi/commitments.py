"""Locks under their addresses: committed once, read again when they are asked for."""

from __future__ import annotations

from attrs import define
from twisted.internet.interfaces import IReactorTime
from twisted.internet.threads import deferToThread
from twisted.logger import Logger

from reqpi import locks
from reqpi.commitment import address_of, is_address
from reqpi.errors import StoreTrouble, UnknownAddress
from reqpi.interfaces import Records
from reqpi.model import Commitment
from reqpi.recent import Recent

__all__ = ["Commitments", "lock_record"]

_NOTED_EVERY = 10.0
"""Seconds between two notes that an address is in use, and two looks whether a sweep elsewhere has removed it."""

_IN_MEMORY = 32 << 20
"""Bytes of commitments kept in memory, as near as that can be told."""

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

    async def commit(self, document: bytes) -> tuple[Commitment, bool]:
        """Keep a lock under its address.

        :returns: the commitment, and whether it is new here.
        :raises reqpi.errors.BrokenLock: the document has defects; nothing is kept.
        """
        address = address_of(document)
        lock = await deferToThread(locks.read, document)
        created = await self._records.get(lock_record(address)) is None
        if created:
            self._read.drop(address)  # what may be known of it is from before it was swept away
        await self._records.create(lock_record(address), document)
        await self._records.use(lock_record(address))
        return Commitment(address, lock), created

    async def get(self, address: str) -> Commitment:
        """The commitment of an address; being asked for is being used.

        :raises reqpi.errors.UnknownAddress: nobody committed it here, or it was removed.
        """
        noted = self._read.get(address)
        if noted is None:
            noted = await self._load(address)
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
            raise StoreTrouble(f"the lock {address[:8]} is damaged", "Its bytes are not those it was kept under.")
        commitment = Commitment(address, await deferToThread(locks.read, document))
        noted = _Noted(commitment, self._clock.seconds())
        self._read.put(address, noted, 16 * len(document) + 1024)
        await self._note_use(address)
        return noted

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
