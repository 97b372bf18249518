"""Charges: the bytes that the locks of a token brought into the store.

The token that has committed a lock first is charged with the files that are downloaded under its address, by any
client. Each process writes one record for each address, and the records go with the lock: when it is swept, the
token has the room again.
"""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Callable, Coroutine
from functools import partial
from typing import Any

from attrs import define, frozen
from twisted.internet.defer import Deferred, DeferredLock

from reqpi.core.errors import DamagedRecord
from reqpi.core.interfaces import Records
from reqpi.core.stored_json import parse, typed
from reqpi.runtime.lru import LruCache
from reqpi.runtime.whole_turns import whole_turn
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
    """The charge of this process for one address.

    :ivar written: the size in its record; ``None``: there is none yet.
    """

    token: str
    size: int = 0
    written: int | None = None

    @property
    def has_changed(self) -> bool:
        """Whether its record has another size, or does not exist."""
        return self.size != self.written

    def rest(self) -> _Own:
        """Return what is not written yet, for another record."""
        return _Own(self.token, self.size - (self.written or 0))


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
        self._turn = DeferredLock()

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
        await self._in_turn(partial(self._begin, address, token))

    async def _begin(self, address: str, token: str) -> None:
        own = self._own.get(address)
        if own is None or own.written is not None:
            self._tokens.drop(address)  # the charges may have been removed with the lock, which is new then
        if not await self.token_of(address):
            self._own.pop(address, None)
            self._tokens.put(address, token, 1)
            self.add(address, token, 0)
            await self._write(address)

    def add(self, address: str, token: str, size: int) -> None:
        """Charge a token with bytes."""
        own = self._own.setdefault(address, _Own(token))
        own.size += size

    async def write(self) -> None:
        """Store the charges that have changed."""
        for address in [address for address, own in self._own.items() if own.has_changed]:
            await self._in_turn(partial(self._write, address))
        await self._in_turn(self._shed)

    def forget_tokens(self) -> None:
        """Look again who is charged for an address: another process may have removed its lock, or committed it."""
        self._tokens.clear()

    async def _write(self, address: str) -> None:
        own = self._own.get(address)
        if own is None or not own.has_changed:
            return
        record = charge_record(address, f"{self._instance}-{self._generation}")
        if own.written is not None and await self._records.get(record) is None:
            # The lock was removed, and its charges with it. It may be here again, committed with another token.
            own.size, own.written = own.size - own.written, None
            self._tokens.drop(address)
            own.token = await self.token_of(address)
        if not own.token:
            del self._own[address]
            return
        size = own.size
        await self._records.replace(record, Charge(own.token, size).dump())
        own.written = size

    async def _shed(self) -> None:
        """Keep the memory bounded: what is written stays in its records, and what comes is written to others."""
        if len(self._own) > _REMEMBERED:
            self._own = {address: own.rest() for address, own in self._own.items() if own.has_changed}
            self._generation += 1

    def _in_turn(self, work: Callable[[], Coroutine[Any, Any, None]]) -> Deferred[None]:
        """Do some work alone, and to its end: a caller may give up in the middle of it."""
        return whole_turn(self._turn.run, lambda: Deferred.fromCoroutine(work()))

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
