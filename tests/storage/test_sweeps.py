"""Several replicas sweep one store at once: what is used stays, and each thing that goes is reported by one of them."""

from __future__ import annotations

import json
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from reqpi.commitment import address_of
from reqpi.commitments import lock_record
from reqpi.freezing import page_record
from reqpi.frozen import dump
from reqpi.interfaces import Store
from reqpi.storage.directory import DirectoryStore
from reqpi.storage.objects.store import object_store
from reqpi.sweep import Sweeping, Swept
from tests.contracts import SetClock, gathered, kept
from tests.distributions import a_file, a_page
from tests.seaweed import SeaweedFS
from tests.storage.inline import inline, run
from tests.storage.scratch import scratch

DAY = 86400.0
REPLICAS = 3


class SweepsCase(SynchronousTestCase):
    """Locks of one file each, some of them used a week later."""

    locks = 40

    def opened(self, clock: Callable[[], float]) -> Store:
        """The store, as one replica has it."""
        raise NotImplementedError

    def filled(self, clock: SetClock) -> tuple[Store, set[str]]:
        """A store of old locks, every fourth of them used since; and the files of those."""
        store = self.opened(clock)
        needed = set()
        for number in range(self.locks):
            content = f"content {number}".encode() * 100
            document = f"six{number}==1.0\n".encode()
            address = address_of(document)
            file = a_file(f"six{number}-1.0.tar.gz", content, f"six{number}")
            self.put(store.create(lock_record(address), document))
            self.put(store.create(page_record(address, f"six{number}"), dump(a_page(file, project=f"six{number}"))))
            sha256 = self.put(kept(store, content))
            if number % 4 == 0:
                needed.add(sha256)
        clock.now += 8 * DAY
        for number in range(0, self.locks, 4):
            self.assertTrue(self.put(store.use(lock_record(address_of(f"six{number}==1.0\n".encode())))))
        return store, needed

    def put(self, done: Coroutine[Any, Any, Any]) -> Any:
        return run(done)

    def swept_by_all(self, clock: SetClock) -> list[Swept]:
        """Sweep with every replica at the same time."""
        time = Clock()
        time.advance(clock.now)

        def sweep(_: int) -> Swept:
            return run(Sweeping(self.opened(clock), time, 7 * DAY).run())

        with ThreadPoolExecutor(REPLICAS) as pool:
            return list(pool.map(sweep, range(REPLICAS)))

    def check(self) -> None:
        clock = SetClock(1_000_000_000.0)
        store, needed = self.filled(clock)
        swept = self.swept_by_all(clock)
        gone = self.locks - len(needed)
        self.assertEqual(set(self.put(gathered(store.all()))), needed, json.dumps([str(each) for each in swept]))
        self.assertEqual(len(self.put(gathered(store.names(lock_record(""))))), len(needed))
        self.assertEqual((sum(each.locks for each in swept), sum(each.blobs for each in swept)), (gone, gone), swept)


class DirectoryTests(SweepsCase):
    """In a directory."""

    def setUp(self) -> None:
        self.folder = scratch(self)

    def opened(self, clock: Callable[[], float]) -> Store:
        store = DirectoryStore(self.folder / "store", in_thread=inline, clock=clock)
        store.open()
        return store

    def test_three_at_once(self) -> None:
        """As the workers of one machine, and ``reqpi sweep`` beside them."""
        self.check()


@pytest.mark.clients
class SeaweedTests(SweepsCase):
    """In an object store, where no machine can lock anything."""

    def setUp(self) -> None:
        self.folder = scratch(self)
        self.seaweed = SeaweedFS(scratch(self))
        self.addCleanup(self.seaweed.stop)
        self.seaweed.start()

    def opened(self, clock: Callable[[], float]) -> Store:
        store = object_store(
            self.seaweed.url, self.seaweed.options, self.folder, clock=clock, coarse=0, in_thread=inline
        )
        store.open()
        return store

    def test_three_at_once(self) -> None:
        """As replicas do whose frequency is the same."""
        self.check()
