"""A neighbour who has hundreds of locks held, or one that is larger than the disk."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import TestCase

from reqpi.core.errors import Occupied
from reqpi.core.model import Commitment
from reqpi.core.targets import EVERYWHERE
from reqpi.runtime.on_behalf import on_behalf_of
from reqpi.shelf.shelf import Shelf
from reqpi.shelf.whole_lock.holding import Holds
from reqpi.storage.memory import MemoryStore
from tests.distributions import a_file, a_page
from tests.fake_index import PlainUpstream

CONTENT = b"an sdist"


class WatchedStore(MemoryStore):
    """A store that counts what is written to it."""

    written = 0

    async def replace(self, name: str, value: bytes) -> None:
        self.written += 1
        await super().replace(name, value)

    async def use(self, name: str) -> bool:
        self.written += 1
        return await super().use(name)


class HoldsCase(TestCase):
    """Files come only when the test says so."""

    largest: int | None = None

    def setUp(self) -> None:
        self.clock = Clock()
        self.store = WatchedStore(self.clock.seconds)
        self.upstream = PlainUpstream()
        self.asked: list[str] = []
        self.gates: list[Deferred[None]] = []
        self.shelf, self.holds = self.another()

    def another(self) -> tuple[Shelf, Holds]:
        """The holds of another process on the same store."""
        shelf = Shelf(self.store, self.upstream, self.clock, "another")
        return shelf, Holds(shelf, self.store, self.clock, largest=self.largest)

    def offer(self, project: str, *contents: bytes, size: int | None = None, slow: bool = True) -> None:
        files = [
            a_file(f"{project}-1.0-{number}-py3-none-any.whl", content, project=project, size=size)
            for number, content in enumerate(contents, 1)
        ]
        self.upstream.offer(a_page(*files, project=project), *contents)

        async def wait() -> None:
            self.asked.append(project)
            self.gates.append(Deferred())
            await self.gates[-1]

        if slow:
            self.upstream.before |= {file.url: wait for file in files}

    async def committed(self, project: str) -> Commitment:
        commitment, _ = await self.shelf.commit(f"{project}==1.0\n".encode())
        return commitment

    async def begin(self, project: str, client: str) -> Commitment:
        self.offer(project, f"{CONTENT!r} of {project}".encode())
        commitment = await self.committed(project)
        with on_behalf_of(client):
            await Deferred.fromCoroutine(self.holds.begin(commitment, EVERYWHERE))
        return commitment

    async def end_all(self) -> None:
        self.holds.stop()
        while self.gates:
            self.gates.pop().callback(None)


class CrowdTests(HoldsCase):
    """Six hundred holds at once."""

    async def crowd(self, count: int) -> list[Commitment]:
        return [await self.begin(f"slow{number}", "the neighbour") for number in range(count)]

    async def test_those_that_wait_write_nothing(self) -> None:
        """The attacker keeps the store busy with the records of holds that have not begun."""
        await self.crowd(600)
        self.store.written = 0
        for _ in range(60):
            self.clock.advance(1.0)
        self.assertLessEqual(self.store.written / 60, 5)
        await self.end_all()

    async def test_the_next_one_that_begins_is_that_of_someone_else(self) -> None:
        await self.crowd(100)
        await self.begin("other", "someone else")
        if "other" not in self.asked:
            self.gates.pop(0).callback(None)
        self.assertIn("other", self.asked)
        await self.end_all()

    async def test_a_place_is_left_for_someone_else(self) -> None:
        """The holds of the attacker never end."""
        await self.crowd(100)
        await self.begin("other", "someone else")
        self.assertIn("other", self.asked)
        await self.end_all()

    async def test_other_processes_see_those_that_wait(self) -> None:
        """Otherwise a client would take its hold for one that has failed."""
        last = (await self.crowd(20))[-1]
        _, other = self.another()
        for _ in range(100):
            self.clock.advance(2.0)
            self.assertIsNotNone(await other.progress(last, EVERYWHERE))
        self.assertIsNotNone(await self.holds.progress(last, EVERYWHERE))
        await self.end_all()

    async def test_those_of_a_process_that_ended_are_soon_forgotten(self) -> None:
        last = (await self.crowd(20))[-1]
        records = {name: await self.store.get(name) async for name in self.store.names("holding/")}
        seen = {name async for name in self.store.names("times/")}
        self.assertEqual(len(seen), 1)
        await self.end_all()
        for name, value in records.items():  # as if it had been killed
            await self.store.replace(name, value or b"")
        _, other = self.another()
        self.clock.advance(30.0)
        self.assertIsNone(await other.progress(last, EVERYWHERE))

    async def test_one_client_cannot_have_any_number_wait(self) -> None:
        """Each of them takes some memory; and others can still have theirs wait."""
        with self.assertRaises(Occupied) as raised:
            await self.crowd(2000)
        self.assertIn("1000 holds", str(raised.exception))
        await self.begin("other", "someone else")
        await self.end_all()


class LargeTests(HoldsCase):
    """A hold of more bytes than the operator allows."""

    largest = 1000

    async def held(self, project: str) -> Any:
        commitment = await self.committed(project)
        await self.holds.begin(commitment, EVERYWHERE)
        for _ in range(100):
            if await self.holds.progress(commitment, EVERYWHERE) is None:
                break
            self.clock.advance(1.0)
        return await self.holds.verdict(commitment, EVERYWHERE)

    async def test_nothing_is_fetched_of_a_lock_whose_files_are_too_large_together(self) -> None:
        self.offer("large", *(bytes([number]) * 300 for number in range(4)), size=300, slow=False)
        verdict = await self.held("large")
        self.assertEqual((verdict.held, len(verdict.missing)), (0, 4))
        for each in verdict.missing:
            self.assertIn("--max-hold", each.reason)
        self.assertFalse([url for url in self.upstream.asked if "large-1.0" in url])

    async def test_files_of_unknown_length_are_fetched_up_to_the_bound(self) -> None:
        """The index does not say how long they are."""
        contents = [bytes([number]) * 300 for number in range(20)]
        self.offer("large", *contents, slow=False)
        await self.held("large")
        stored = [sha256 async for sha256 in self.store.all()]
        self.assertLessEqual(len(stored), 11)

    async def test_a_hold_within_the_bound_is_complete(self) -> None:
        file = a_file("small-1.0.tar.gz", b"s" * 900, project="small", size=900)
        self.upstream.offer(a_page(file, project="small"), b"s" * 900)
        self.assertTrue((await self.held("small")).complete)
