"""The scrubber: it keeps to its rate, and lost files are fetched again."""

from __future__ import annotations

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from reqpi.shelf.files.hashing import RateLimit
from reqpi.shelf.maintenance.scrubber import Scrubber
from reqpi.shelf.maintenance.verify import Damage
from tests.distributions import digest_of
from tests.shelf.test_verify import SIX, DamageCase


class PatrolTests(DamageCase):
    """A round through a store."""

    def scrubber(self) -> Scrubber:
        return Scrubber(self.store, self.shelf, self.clock, 10**9)

    async def round(self) -> list[Damage]:
        done = Deferred.fromCoroutine(self.scrubber().round())
        for _ in range(100):
            self.clock.advance(1)
        return list((await done).damages)

    async def test_what_is_damaged_is_fetched_again(self) -> None:
        """Before a client requests it."""
        commitment = await self.prepared()
        self.spoil(b"wrong bytes here")
        (damage,) = await self.round()
        self.assertTrue(damage.repaired)
        self.assertEqual(self.store._blobs[digest_of(SIX).hex], SIX)
        self.assertEqual(await self.taken(commitment), SIX)
        self.flushLoggedErrors()

    async def test_what_cannot_be_had_stays_away(self) -> None:
        """Wrong bytes are removed even if right ones cannot be obtained, and the round goes on."""
        await self.prepared()
        self.spoil(b"wrong bytes here")
        self.upstream.files.clear()
        await self.round()
        self.assertNotIn(digest_of(SIX).hex, self.store._blobs)
        self.assertEqual(await self.round(), [])

    async def test_it_goes_round_and_round(self) -> None:
        """With a rest in between, whatever happens, until it is cancelled."""
        await self.prepared()
        rounds: list[int] = []
        scrubber = self.scrubber()

        async def counted() -> None:
            rounds.append(1)
            raise ValueError("a fault of ours")

        self.patch(scrubber, "round", counted)
        running = Deferred.fromCoroutine(scrubber.run())
        self.clock.advance(1)
        self.assertEqual(len(rounds), 1)
        self.clock.advance(3600)
        self.assertEqual(len(rounds), 2)
        self.assertEqual(len(self.flushLoggedErrors(ValueError)), 2)
        running.cancel()
        self.failureResultOf(running)


class RateTests(SynchronousTestCase):
    """A limit in bytes a second."""

    def test_it_waits(self) -> None:
        """For each piece, as long as it takes at that rate; and saves nothing up."""
        clock = Clock()
        rate = RateLimit(100, clock)
        first = Deferred.fromCoroutine(rate(50))
        clock.advance(0.4)
        self.assertNoResult(first)
        clock.advance(0.1)
        self.successResultOf(first)
        clock.advance(10)
        second = Deferred.fromCoroutine(rate(100))
        clock.advance(0.9)
        self.assertNoResult(second)
        clock.advance(0.1)
        self.successResultOf(second)
