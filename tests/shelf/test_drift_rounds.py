"""Regular looks for drift: one of several servers looks, and all of them show what it found."""

from __future__ import annotations

from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater

from reqpi.core.drift.drift_round import DriftRound
from reqpi.core.errors import UpstreamTrouble
from reqpi.runtime.counts import ServerCounts
from reqpi.shelf.drift.lock_drift import LockDrift
from reqpi.shelf.drift.rounds import DriftRounds
from reqpi.shelf.maintenance.sweep import Sweep
from reqpi.shelf.records import drift_round_record, history_record, lock_record
from tests.distributions import a_page
from tests.shelf.case import FILES, ShelfCase

EVERY = 3600.0
DAY = 86400.0


class DriftRoundsTests(ShelfCase):
    """Two servers on one store."""

    def setUp(self) -> None:
        super().setUp()
        self.clock.advance(1_000_000_000)
        self.counts = [ServerCounts(), ServerCounts()]
        self.servers = [self.rounds(counts) for counts in self.counts]

    def rounds(self, counts: ServerCounts) -> DriftRounds:
        shelf = self.another_shelf()
        drift = LockDrift(shelf, self.store, self.upstream, self.clock)
        return DriftRounds(shelf, self.store, drift, self.clock, EVERY, counts=counts)

    async def tend(self, number: int = 0) -> DriftRound | None:
        """Have a server look, if that is due."""
        under_way: Deferred[DriftRound | None] = Deferred.fromCoroutine(self.servers[number].tend())
        while not under_way.called:
            self.clock.advance(0)
            await deferLater(reactor, 0)
        return await under_way

    async def frozen(self, *lines: str) -> str:
        commitment = await self.committed(*lines)
        await self.shelf.page(commitment, "six")
        return commitment.address

    async def test_the_first_server_looks_and_the_other_shows_what_it_found(self) -> None:
        await self.frozen("six==1.0")
        self.upstream.pages[a_page().project] = a_page(FILES[0])
        found = await self.tend(0)
        assert found is not None
        self.assertEqual((found.locks, dict(found.drifted)), (1, {("gone", True): 1}))
        self.assertIsNone(await self.tend(1))
        self.assertEqual(self.counts[1].drifted, {("gone", True): 1})
        self.assertEqual(self.counts[1].drift_at, self.clock.seconds())

    async def test_the_next_round_is_due_after_the_interval_on_any_server(self) -> None:
        await self.frozen("six==1.0")
        self.assertIsNotNone(await self.tend(0))
        self.clock.advance(EVERY / 2)
        self.assertIsNone(await self.tend(1))
        self.clock.advance(EVERY / 2)
        self.assertIsNotNone(await self.tend(1))
        self.assertIsNone(await self.tend(0))

    async def test_a_project_of_many_locks_is_asked_for_once(self) -> None:
        for number in range(5):
            await self.frozen("six==1.0", f"# lock {number}")
        self.upstream.asked.clear()
        await self.tend()
        self.assertEqual(self.upstream.asked, ["six"])

    async def test_a_look_is_no_use_of_a_lock(self) -> None:
        """Otherwise no lock would ever be swept."""
        address = await self.frozen("six==1.0")
        self.clock.advance(10 * DAY)
        before = await self.store.last_used(lock_record(address))
        await self.tend()
        self.assertEqual(await self.store.last_used(lock_record(address)), before)

    async def test_a_lock_that_was_not_used_for_long_is_left_out(self) -> None:
        await self.frozen("six==1.0")
        self.clock.advance(40 * DAY)
        found = await self.tend()
        self.assertEqual(found and found.locks, 0)

    async def test_an_upstream_that_is_away_ends_no_round(self) -> None:
        await self.frozen("six==1.0")

        async def away() -> None:
            raise UpstreamTrouble("the index is away")

        self.upstream.before["six"] = away
        found = await self.tend()
        self.assertEqual(found and (found.locks, dict(found.drifted)), (1, {}))

    async def test_a_damaged_record_begins_anew(self) -> None:
        await self.frozen("six==1.0")
        await self.store.create(drift_round_record(), b"\x00")
        await self.store.replace(history_record("six", self.upstream.name), b'{"layout":1}')
        self.assertIsNone(await self.tend(1))
        self.clock.advance(EVERY)
        self.assertEqual((await self.tend(0) or DriftRound()).locks, 1)

    async def test_a_sweep_removes_histories_that_no_look_continues(self) -> None:
        await self.frozen("six==1.0")
        await self.tend()
        sweep = Sweep(self.store, self.clock, 50 * DAY)
        self.clock.advance(40 * DAY)
        await sweep.run()
        self.assertEqual(len([name async for name in self.store.names(history_record(""))]), 1)
        self.clock.advance(40 * DAY)
        await sweep.run()
        self.assertEqual([name async for name in self.store.names(history_record(""))], [])
