"""Charges: the bytes that the locks of a token brought into the store.

The token that has committed a lock first is charged with the files that are downloaded under its address, by any
client. Each process writes one record for each address, and the records go with the lock: when it is swept, the
token has the room again.
"""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator

from attrs import define, frozen

from reqpi.core.errors import DamagedRecord
from reqpi.core.interfaces import Records
from reqpi.core.stored_json import parse, typed
from reqpi.runtime.lru import LruCache
from reqpi.shelf.record_reading import read_record
from reqpi.shelf.records import charge_record

__all__ = ["Charge", "Charges", "load_charge"]

_REMEMBERED = 10_000
"""Addresses of which it is remembered who is charged."""


@frozen
class Charge:
    """The bytes that one process has charged a token for one address.

    :param token: its name.
    :param size: in bytes.
    """

    token: str
    size: int

    def dump(self) -> bytes:
        """Return the content of the record."""
        return json.dumps([self.token, self.size]).encode()


def load_charge(data: bytes) -> Charge:
    """Return what :meth:`Charge.dump` wrote.

    :raises Exception: one of :data:`reqpi.core.stored_json.NOT_WRITTEN`: it is damaged.
    """
    token, size = typed(parse(data), list)
    if typed(size, int) < 0:
        raise ValueError("its size is negative")
    return Charge(typed(token, str), size)


@define
class _Own:
    token: str
    size: int = 0
    written: int = -1


class Charges:
    """The charges of this process, and a look at those of all.

    :param instance: a name for this process that no other has.
    """

    def __init__(self, records: Records, instance: str) -> None:
        self._records = records
        self._instance = instance
        self._generation = 0
        self._own: dict[str, _Own] = {}
        self._tokens: LruCache[str, str] = LruCache(_REMEMBERED)

    async def token_of(self, address: str) -> str:
        """Return the name of the token that is charged for an address; empty if there is none."""
        token = self._tokens.get(address)
        if token is None:
            names = sorted([name async for name in self._records.names(charge_record(address))])
            charges = [await self._read(name) for name in names]
            token = next((charge.token for charge in charges if charge is not None), "")
            self._tokens.put(address, token, 1)
        return token

    async def begin(self, address: str, token: str) -> None:
        """Charge a token for an address from now on, unless another one is charged already."""
        if not await self.token_of(address):
            self._tokens.put(address, token, 1)
            self.add(address, token, 0)
            await self.write()

    def add(self, address: str, token: str, size: int) -> None:
        """Charge a token with bytes."""
        own = self._own.setdefault(address, _Own(token))
        own.size += size

    async def write(self) -> None:
        """Store the charges that have changed."""
        for address, own in list(self._own.items()):
            size = own.size
            if size == own.written:
                continue
            record = charge_record(address, f"{self._instance}-{self._generation}")
            await self._records.replace(record, Charge(own.token, size).dump())
            own.written = size
        if len(self._own) > _REMEMBERED:
            # What is written stays in its records; what comes is written to others.
            self._own = {}
            self._generation += 1

    async def all(self) -> AsyncGenerator[Charge, None]:
        """Yield the charges of all processes. A damaged record has none."""
        async for name in self._records.names(charge_record("")):
            charge = await self._read(name)
            if charge is not None:
                yield charge

    async def _read(self, name: str) -> Charge | None:
        written = await self._records.get(name)
        try:
            return None if written is None else read_record(name, written, load_charge)
        except DamagedRecord:
            return None
