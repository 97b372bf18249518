"""A shelf over a store in memory, for the tests of what it serves."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any

from twisted.internet.task import Clock
from twisted.trial.unittest import TestCase

from reqpi.core.model import Commitment
from reqpi.shelf.shelf import FileResponse, Shelf
from reqpi.storage.memory import MemoryStore
from tests.distributions import a_file, a_page
from tests.fake_index import PlainUpstream

SDIST, WHEEL = b"an sdist of six", b"a wheel of six"
FILES = (a_file("six-1.0.tar.gz", SDIST, size=len(SDIST)), a_file("six-1.0-py3-none-any.whl", WHEEL, size=len(WHEEL)))


class ShelfCase(TestCase):
    """A shelf over a store in memory and an upstream that has two files of six."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.store = MemoryStore(self.clock.seconds)
        self.upstream = PlainUpstream()
        self.upstream.offer(a_page(*FILES), SDIST, WHEEL)
        self.shelf = self.another_shelf()

    def another_shelf(self, upstream: PlainUpstream | None = None) -> Shelf:
        """Return the shelf as it is after a restart, or in another replica."""
        return Shelf(self.store, upstream or self.upstream, self.clock, "another")

    async def committed(self, *lines: str) -> Commitment:
        commitment, _ = await self.shelf.commit("".join(f"{line}\n" for line in lines).encode())
        return commitment

    async def taken(self, shelf: Shelf, commitment: Commitment, filename: str) -> bytes:
        return await whole(await shelf.file(commitment, "six", filename))

    async def assert_raises(self, kind: type[Exception], what: Awaitable[Any]) -> Any:
        try:
            result = await what
        except kind as error:
            return error
        raise self.failureException(f"{kind.__name__} was not raised, but {result!r} returned")


async def whole(file_response: FileResponse) -> bytes:
    return b"".join([piece async for piece in file_response.read(0, file_response.size)])
