"""Downloads over a store in memory, for the tests of downloads."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from reqpi.core.model import File
from reqpi.shelf.files.download import Download
from reqpi.shelf.files.downloads import Downloads
from reqpi.storage.memory import MemoryStore
from tests.distributions import a_file, a_page
from tests.fake_index import PlainUpstream

PIECE = 1 << 16
BIG = bytes(range(256)) * (8 * PIECE // 256)


class ArrivalsCase(SynchronousTestCase):
    """Downloads over a store in memory, with time under control and an upstream that sends a piece when triggered."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.store = MemoryStore()
        self.upstream = PlainUpstream()
        self.downloads = Downloads(self.store, self.upstream, self.clock)
        self.file = self.offer(BIG, size=len(BIG))

    def offer(self, content: bytes, **fields: Any) -> File:
        file = a_file("six-1.0.tar.gz", content, **fields)
        self.upstream.offer(a_page(file), content)
        return file

    def run_now(self, what: Awaitable[Any]) -> Deferred[Any]:
        return Deferred.fromCoroutine(what)  # type: ignore[arg-type]

    def result_of(self, what: Awaitable[Any]) -> Any:
        return self.successResultOf(self.run_now(what))

    def taking(self, download: Download, start: int = 0, stop: int | None = None) -> tuple[bytearray, Deferred[None]]:
        """Return the bytes that a client has received so far, and a Deferred that fires when it has all."""
        got = bytearray()

        async def take() -> None:
            async for piece in download.read(start, len(BIG) if stop is None else stop):
                got.extend(piece)

        return got, self.run_now(take())

    def one_by_one(self) -> list[Deferred[None]]:
        """From here on the upstream sends a piece for each of these that fires."""
        gates: list[Deferred[None]] = []

        def wait() -> Deferred[None]:
            gates.append(Deferred())
            return gates[-1]

        def open_all() -> None:
            while gates:
                gates.pop().callback(None)

        self.upstream.between[self.file.url] = wait
        self.addCleanup(open_all)
        return gates

    def kept(self) -> list[str]:
        async def names() -> list[str]:
            return [sha256 async for sha256 in self.store.all()]

        names_now: list[str] = self.result_of(names())
        return names_now
