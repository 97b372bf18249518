"""A server whose store has a long file, and clients that take their time over it."""

from __future__ import annotations

from collections.abc import Callable

from reqpi.core.model import Digest
from tests.distributions import a_file, a_page
from tests.web.case import WebCase
from tests.web.stores import LongStore
from tests.web.wire import Wire

__all__ = ["BUFFERS", "LongFiles", "failing_at"]

BUFFERS = 24 << 20
"""Bytes that the sockets of both sides hold at most, generously."""


class LongFiles(WebCase):
    """The store has a file of 50 MiB, which ``self.path`` leads to."""

    store: LongStore

    def made_store(self) -> LongStore:
        return LongStore(self.clock.seconds)

    async def setUp(self) -> None:
        await super().setUp()
        digests = frozenset({Digest("sha256", self.store.sha256)})
        long = a_file("long-1.0.zip", None, project="long", digests=digests, size=self.store.bytes)
        self.upstream.offer(a_page(long, project="long"), b"")
        self.address = await self.committed("long==1.0")
        self.path = f"/{self.address}/simple/long/long-1.0.zip"
        self.assertEqual((await self.ask(self.path)).status, 200)  # from now on it counts as verified
        self.store.pulled = 0

    async def asked(self) -> Wire:
        """A connection on which the file was asked for, and which is not read from."""
        wire = await self.wire()
        wire.say(self.request(self.path))
        await wire.until(lambda: wire.received or None)
        wire.transport.pauseProducing()
        return wire

    async def turns(self) -> None:
        """Let happen what can happen by itself."""
        for _ in range(300):
            await self.turn()


def failing_at(place: int, error: Exception) -> Callable[[int], None]:
    """Raises the error before the piece of that number."""

    def before(number: int) -> None:
        if number == place:
            raise error

    return before
