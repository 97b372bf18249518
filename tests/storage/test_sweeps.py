"""Several replicas sweep one store at once: what is used stays, and each thing that goes is reported by one of them."""

from __future__ import annotations

from typing import Any

import pytest
from attrs import frozen
from twisted.internet import reactor as _reactor
from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.threads import deferToThread
from twisted.trial.unittest import TestCase

from reqpi.core.address import address_of
from reqpi.core.frozen_pages import dump
from reqpi.core.interfaces import Store
from reqpi.shelf.maintenance.sweep import Sweep
from reqpi.shelf.records import lock_record, page_record
from reqpi.storage.directory.store import DirectoryStore
from reqpi.storage.objects.store import object_store
from tests.contracts import SetClock, gathered, kept
from tests.distributions import a_file, a_page
from tests.seaweed import SeaweedFS
from tests.storage.scratch import scratch

DAY = 86400.0
REPLICAS = 3
LOCKS = 40

reactor: Any = _reactor


@frozen
class _Time:
    """The reactor's, at another time of day."""

    clock: SetClock

    def seconds(self) -> float:
        return self.clock()

    def callLater(self, *args: Any) -> Any:
        return reactor.callLater(*args)


class SweepsCase(TestCase):
    """Locks of one file each, every fourth of them used a week later."""

    timeout = 240

    def setUp(self) -> None:
        self.folder = scratch(self)
        self.clock = SetClock(1_000_000_000.0)

    def opened(self) -> Store:
        """The store, as one replica has it."""
        raise NotImplementedError

    async def filled(self) -> tuple[Store, set[str]]:
        """The store, and the files that are needed."""
        store, needed = self.opened(), set()
        for number in range(LOCKS):
            address, content = self.address(number), f"content {number}".encode() * 100
            file = a_file(f"six{number}-1.0.tar.gz", content, f"six{number}")
            await store.create(lock_record(address), self.document(number))
            await store.create(page_record(address, f"six{number}"), dump(a_page(file, project=f"six{number}")))
            sha256 = await kept(store, content)
            if number % 4 == 0:
                needed.add(sha256)
        self.clock.now += 8 * DAY
        for number in range(0, LOCKS, 4):
            self.assertTrue(await store.use(lock_record(self.address(number))))
        return store, needed

    def document(self, number: int) -> bytes:
        return f"six{number}==1.0\n".encode()

    def address(self, number: int) -> str:
        return address_of(self.document(number))

    async def check(self) -> None:
        store, needed = await self.filled()
        sweepings = [Sweep(self.opened(), _Time(self.clock), 7 * DAY) for _ in range(REPLICAS)]
        swept = await gatherResults([Deferred.fromCoroutine(each.run()) for each in sweepings])
        gone = LOCKS - len(needed)
        self.assertEqual(set(await gathered(store.all())), needed)
        self.assertEqual(len(await gathered(store.names(lock_record("")))), len(needed))
        self.assertEqual((sum(each.locks for each in swept), sum(each.blobs for each in swept)), (gone, gone), swept)


class DirectoryTests(SweepsCase):
    """In a directory."""

    def opened(self) -> Store:
        store = DirectoryStore(self.folder / "store", clock=self.clock, coarse=0)
        store.open()
        return store

    async def test_three_at_once(self) -> None:
        """Like the workers of one machine, with ``reqpi sweep`` next to them."""
        await self.check()


@pytest.mark.clients
class SeaweedTests(SweepsCase):
    """In an object store, where no machine can lock anything."""

    def setUp(self) -> None:
        super().setUp()
        self.seaweed = SeaweedFS(scratch(self))
        self.addCleanup(self.seaweed.stop)
        self.seaweed.start()

    def opened(self) -> Store:
        store = object_store(
            self.seaweed.url, self.seaweed.options, self.folder, clock=self.clock, coarse=0, in_thread=deferToThread
        )
        store.open()
        return store

    async def test_three_at_once(self) -> None:
        """As replicas do whose frequency is the same."""
        await self.check()
