"""What the contracts of a store have in common."""

from __future__ import annotations

from collections.abc import AsyncIterator, Coroutine
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from reqpi.core.interfaces import Incoming, Store

if TYPE_CHECKING:
    from twisted.trial.unittest import TestCase
else:
    TestCase = object

MEBIBYTE = 1024 * 1024


class SetClock:
    """A clock that stands where it is set."""

    def __init__(self, now: float) -> None:
        self.now = now

    def __call__(self) -> float:
        """The moment it was set to, in seconds since the epoch."""
        return self.now


async def gathered(things: AsyncIterator[Any]) -> list[Any]:
    """All that an asynchronous iterator yields."""
    return [thing async for thing in things]


async def incoming(store: Store, *pieces: bytes) -> Incoming:
    """A blob that is written, and not kept."""
    blob = await store.begin()
    for piece in pieces:
        await blob.write(piece)
    return blob


async def kept(store: Store, data: bytes) -> str:
    """The sha256 of a blob that is kept."""
    name = sha256(data).hexdigest()
    blob = await incoming(store, data)
    await blob.keep(name)
    await blob.discard()
    return name


class StoreCase(TestCase):
    """What the contracts have in common.

    A test of one store sets :attr:`store`, opened, with :attr:`clock` as its clock.
    """

    store: Store
    clock: SetClock

    async def refused(self, error: type[Exception], call: Coroutine[Any, Any, object]) -> None:
        """Fail unless the call raises this error."""
        try:
            await call
        except error:
            return
        self.fail(f"it did not raise {error.__name__}")
