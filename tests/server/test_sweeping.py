"""When a server sweeps, and which of several does."""

from __future__ import annotations

from typing import Any

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase, TestCase

from reqpi.core.errors import StoreTrouble
from reqpi.server.settings import Settings
from reqpi.server.sweeping import Sweeping, sweeping_of
from reqpi.shelf.maintenance.regular_sweeps import RegularSweeps
from reqpi.shelf.records import lock_record
from reqpi.storage.memory import MemoryStore
from reqpi.web.http.only_client import OnlyClient

DAY = 86400.0


class DefaultTests(SynchronousTestCase):
    """A server sweeps unless its operator does not want it to."""

    def test_a_server_sweeps_daily_what_was_not_used_for_90_days(self) -> None:
        sweeping = sweeping_of(Settings())
        self.assertEqual(sweeping, Sweeping(DAY, 90 * DAY))
        said = "locks that were not used for 90 days are removed, every day; --frequency 0 turns that off"
        self.assertEqual(str(sweeping), said)
        self.assertIn("3600 s", str(Sweeping(3600, DAY)))

    def test_each_time_can_be_another(self) -> None:
        self.assertEqual(sweeping_of(Settings(frequency=60)), Sweeping(60, 90 * DAY))
        self.assertEqual(sweeping_of(Settings(max_age=0)), Sweeping(DAY, 0))

    def test_zero_turns_it_off(self) -> None:
        self.assertIsNone(sweeping_of(Settings(frequency=0)))
        self.assertIsNone(sweeping_of(Settings(frequency=0, max_age=5)))

    def test_what_could_not_be_fetched_again_is_swept_only_if_the_operator_says_when(self) -> None:
        self.assertIsNone(sweeping_of(Settings(offline=True)))
        self.assertEqual(sweeping_of(Settings(offline=True, max_age=5)), Sweeping(DAY, 5))

    def test_a_command_sweeps_nothing(self) -> None:
        self.assertIsNone(sweeping_of(Settings(only=OnlyClient("secret"))))
        self.assertIsNone(sweeping_of(Settings(local=True)))


class BrokenStore:
    """A store that cannot list its records for a while."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store
        self.is_broken = True

    def __getattr__(self, name: str) -> Any:
        if name == "names" and self.is_broken:
            raise StoreTrouble("the store is away")
        return getattr(self._store, name)


class RegularSweepsTests(TestCase):
    """Two servers share a store, and look every hour."""

    async def setUp(self) -> None:
        self.clock = Clock()
        self.clock.advance(1_000_000_000)
        self.store = MemoryStore(self.clock.seconds)
        self.servers = [RegularSweeps(self.store, self.clock, DAY, 10 * DAY) for _ in range(2)]
        await self.store.create(lock_record("a" * 64), b"six==1.0\n")

    async def hours(self, count: int) -> list[int]:
        """Let time pass; the hours in which each sweep was."""
        swept = []
        for hour in range(count):
            outcomes = [await server.tend() for server in self.servers]
            swept += [hour for outcome in outcomes if outcome is not None]
            self.clock.advance(3600)
        return swept

    async def test_one_of_them_sweeps_once_a_day(self) -> None:
        self.assertEqual(self.servers[0].interval, 3600)
        self.assertEqual(await self.hours(80), [24, 48, 72])

    async def test_a_server_that_is_started_again_each_hour_sweeps_too(self) -> None:
        swept = 0
        for _ in range(50):
            swept += await RegularSweeps(self.store, self.clock, DAY, 10 * DAY).tend() is not None
            self.clock.advance(3600)
        self.assertEqual(swept, 2)

    async def test_what_was_not_used_for_long_is_removed(self) -> None:
        await self.hours(24 * 9)
        self.assertIsNotNone(await self.store.get(lock_record("a" * 64)))
        await self.hours(24 * 3)
        self.assertIsNone(await self.store.get(lock_record("a" * 64)))

    async def test_a_sweep_that_failed_is_tried_again_at_the_next_look(self) -> None:
        await self.hours(24)
        broken = BrokenStore(self.store)
        server = RegularSweeps(broken, self.clock, DAY, 10 * DAY)  # type: ignore[arg-type]
        with self.assertRaises(StoreTrouble):
            await server.tend()
        self.clock.advance(3600)
        broken.is_broken = False
        self.assertIsNotNone(await server.tend())
        self.clock.advance(3600)
        self.assertIsNone(await server.tend())

    async def test_a_time_in_the_future_does_not_end_sweeping(self) -> None:
        """The clock of a machine was wrong for a while."""
        await self.hours(1)
        self.clock.advance(-100 * DAY)
        self.assertEqual(await self.hours(2), [0])
