"""Refusals: requests that a lock did not admit."""

from __future__ import annotations

from packaging.utils import canonicalize_name
from twisted.internet.task import Clock
from twisted.trial.unittest import TestCase

from reqpi.core.errors import StoreTrouble
from reqpi.shelf.refusals import MOST, Refusals
from reqpi.storage.memory import MemoryStore

ADDRESS = "a" * 64
SIX, FLASK = canonicalize_name("six"), canonicalize_name("flask")


class RefusalsTests(TestCase):
    """Refusals add up over processes and restarts, and are bounded."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.store = MemoryStore(self.clock.seconds)
        self.one = Refusals(self.store, "one", self.clock.seconds)
        self.two = Refusals(self.store, "two", self.clock.seconds)

    async def test_each_thing_is_counted_with_its_first_and_last_time(self) -> None:
        self.one.note(ADDRESS, SIX, None, "not in the lock")
        self.clock.advance(60)
        self.one.note(ADDRESS, SIX, None, "not in the lock")
        self.one.note(ADDRESS, SIX, "six-2.0.tar.gz", "the lock does not admit this file")
        counted = {refusal.filename: refusal.as_json() for refusal in await self.one.of(ADDRESS)}
        self.assertEqual(
            counted[None],
            {
                "project": "six",
                "filename": None,
                "reason": "not in the lock",
                "count": 2,
                "first": "1970-01-01T00:00:00Z",
                "last": "1970-01-01T00:01:00Z",
            },
        )
        self.assertEqual(counted["six-2.0.tar.gz"]["count"], 1)

    async def test_the_latest_comes_first(self) -> None:
        for project in (SIX, FLASK):
            self.one.note(ADDRESS, project, None, "")
            self.clock.advance(1)
        self.assertEqual([refusal.project for refusal in await self.one.of(ADDRESS)], [FLASK, SIX])

    async def test_another_process_sees_what_was_written(self) -> None:
        self.one.note(ADDRESS, SIX, None, "")
        self.two.note(ADDRESS, SIX, None, "")
        await self.one.write()
        (refusal,) = await self.two.of(ADDRESS)
        self.assertEqual(refusal.count, 2)

    async def test_what_was_written_twice_is_counted_once(self) -> None:
        for _ in range(3):
            self.one.note(ADDRESS, SIX, None, "")
            await self.one.write()
        for who in (self.one, self.two):
            (refusal,) = await who.of(ADDRESS)
            self.assertEqual(refusal.count, 3)

    async def test_a_store_in_trouble_loses_nothing(self) -> None:
        self.one.note(ADDRESS, SIX, None, "")
        trouble = self.patch(self.store, "replace", self.trouble)
        with self.assertRaises(StoreTrouble):
            await self.one.write()
        trouble.restore()
        await self.one.write()
        self.assertEqual(len(await self.two.of(ADDRESS)), 1)

    async def trouble(self, name: str, value: bytes) -> None:
        raise StoreTrouble("away")

    async def test_who_asks_for_everything_there_could_be_fills_no_memory(self) -> None:
        for number in range(MOST + 10):
            self.one.note(ADDRESS, canonicalize_name(f"p{number}"), None, "")
        self.assertEqual(len(await self.one.of(ADDRESS)), MOST)

    async def test_addresses_are_counted_apart(self) -> None:
        self.one.note(ADDRESS, SIX, None, "")
        await self.one.write()
        self.assertEqual(await self.two.of("b" * 64), [])

    async def test_the_latest_refusals_of_an_address_are_those_that_are_counted(self) -> None:
        for number in range(MOST + 10):
            self.clock.advance(1)
            self.one.note(ADDRESS, canonicalize_name(f"p{number}"), None, "")
        newest, *_, oldest = await self.one.of(ADDRESS)
        self.assertEqual((newest.project, oldest.project), (f"p{MOST + 9}", "p10"))

    async def test_refusals_of_many_addresses_fill_no_memory_and_the_latest_count(self) -> None:
        few = Refusals(self.store, "few", self.clock.seconds, together=20)
        addresses = [f"{number:064x}" for number in range(3)]
        for address in addresses:
            for number in range(10):
                few.note(address, canonicalize_name(f"p{number}"), None, "")
        self.assertEqual([len(await few.of(address)) for address in addresses], [0, 10, 10])

    async def test_an_address_that_left_memory_and_comes_back_loses_nothing_that_was_written(self) -> None:
        few = Refusals(self.store, "few", self.clock.seconds, together=1)
        few.note(ADDRESS, SIX, None, "")
        await few.write()
        few.note("b" * 64, SIX, None, "")
        few.note(ADDRESS, SIX, None, "")
        self.assertEqual([refusal.count for refusal in await few.of(ADDRESS)], [2], "before it is written")
        await few.write()
        for who in (few, self.two):
            self.assertEqual([refusal.count for refusal in await who.of(ADDRESS)], [2])
