"""Records under tokens that cannot be guessed: bounded in number, and ended after some time without use.

A client begins something, and gets the token of it. Anyone who has the token has the thing. The records are in the
store, for every process that shares it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from secrets import token_hex
from typing import Generic, TypeVar

from attrs import Factory, field, frozen
from twisted.internet.interfaces import IReactorTime

from reqpi.core.errors import Occupied, UnknownSession
from reqpi.core.interfaces import Store
from reqpi.runtime.lru import LruCache
from reqpi.shelf.record_reading import read_record

__all__ = ["TokenKind", "TokenRecords"]

_NOTED = 60.0
"""Seconds between two records that something is in use."""

_TOKEN = re.compile(r"[0-9a-f]{32}")

_T = TypeVar("_T")


@frozen
class TokenKind(Generic[_T]):
    """A kind of thing that has a token.

    :param record: names the record of a token; with an empty token, the prefix of all.
    :param below: returns the prefixes of the records that end with a token.
    :param load: makes the thing of its token and its record; raises one of
        :data:`reqpi.core.stored_json.NOT_WRITTEN` if ReqPI did not write the record.
    :param most: how many there may be at the same time, on all servers that share a store.
    :param lasts: seconds that one lasts without use.
    :param full: the title and the advice of the error if there are as many as there may be.
    :param unknown: those of the error if there is none of a token.
    """

    record: Callable[[str], str]
    below: Callable[[str], Iterable[str]]
    load: Callable[[str, bytes], _T]
    most: int
    lasts: float
    full: tuple[str, str]
    unknown: tuple[str, str]


@frozen(slots=False)
class TokenRecords(Generic[_T]):
    """All things of one kind in one store."""

    kind: TokenKind[_T]
    _store: Store
    _clock: IReactorTime
    _known: LruCache[str, tuple[_T, float]] = field(
        init=False, default=Factory(lambda records: LruCache(records.kind.most), takes_self=True), eq=False, repr=False
    )

    async def begin(self, said: bytes) -> _T:
        """Begin one, with this record.

        :raises reqpi.core.errors.Occupied: there are as many as there may be.
        """
        if await self._are_full():
            await self.expire()
            if await self._are_full():
                raise Occupied(*self.kind.full)
        token = token_hex(16)
        await self._store.create(self.kind.record(token), said)
        return self.kind.load(token, said)

    async def get(self, token: str) -> _T:
        """Return the one of a token. This counts as use of it.

        :raises reqpi.core.errors.UnknownSession: there is none, or it has ended.
        """
        known, noted = self._known.get(token) or (None, 0.0)
        if known is not None and self._clock.seconds() - noted < _NOTED:
            return known
        record = self.kind.record(token)
        written = await self._store.get(record) if _TOKEN.fullmatch(token) else None
        if written is None or not await self._store.use(record):
            self._known.drop(token)
            raise self.unknown()
        found = read_record(record, written, lambda data: self.kind.load(token, data))
        self._known.put(token, (found, self._clock.seconds()), 1)
        return found

    async def confirm(self, token: str) -> None:
        """Check that one has not ended, after a record below it was written.

        :raises reqpi.core.errors.UnknownSession: it has, maybe in another process. The new record is removed too.
        """
        if await self._store.get(self.kind.record(token)) is None:
            await self.end(token)  # the new record would stay forever
            raise self.unknown()

    async def end(self, token: str) -> None:
        """Remove one and the records below it."""
        for prefix in self.kind.below(token):
            async for name in self._store.names(prefix):
                await self._store.delete(name)
        await self._store.delete(self.kind.record(token))
        self._known.drop(token)

    async def expire(self) -> list[str]:
        """End those that were not used for long enough; return their tokens."""
        limit = self._clock.seconds() - self.kind.lasts
        ended = []
        for name in [name async for name in self._store.names(self.kind.record(""))]:
            last_used = await self._store.last_used(name)
            if last_used is not None and last_used <= limit:
                ended.append(name.rpartition("/")[2])
                await self.end(ended[-1])
        return ended

    async def _are_full(self) -> bool:
        return len([name async for name in self._store.names(self.kind.record(""))]) >= self.kind.most

    def unknown(self) -> UnknownSession:
        """Return the error for a token that is not known."""
        return UnknownSession(*self.kind.unknown)
