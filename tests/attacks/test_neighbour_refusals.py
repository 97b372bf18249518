"""A neighbour who fills the memory with refusals, or hides those of others behind them."""

from __future__ import annotations

from packaging.utils import canonicalize_name
from twisted.internet.task import Clock
from twisted.trial.unittest import TestCase

from reqpi.core.errors import NotAdmitted
from reqpi.core.model import Commitment
from reqpi.shelf.refusals import MOST, MOST_TOGETHER, Refusals
from reqpi.shelf.shelf import Shelf
from reqpi.storage.memory import MemoryStore
from tests.fake_index import PlainUpstream


class RefusalsTests(TestCase):
    """The attacker requests names that no lock pins."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.clock.advance(1_000_000)
        self.shelf = Shelf(MemoryStore(self.clock.seconds), PlainUpstream(), self.clock, "one")

    async def committed(self, number: int) -> Commitment:
        commitment, _ = await self.shelf.commit(f"six==1.{number}\n".encode())
        return commitment

    async def guess(self, commitment: Commitment, count: int, name: str = "guess") -> None:
        for number in range(count):
            try:
                await self.shelf.page(commitment, f"{name}-{number}")
            except NotAdmitted:
                continue
            self.fail("it was admitted")

    async def test_many_addresses_take_no_more_memory_than_one_server_may(self) -> None:
        """Under each address as many as are counted for one."""
        refusals = Refusals(MemoryStore(self.clock.seconds), "one", self.clock.seconds)
        for address in range(MOST_TOGETHER // MOST + 5):
            for number in range(MOST):
                refusals.note(f"{address:064}", canonicalize_name(f"guess-{number}"), None, "not in the lock")
        self.assertLessEqual(sum(len(each.counted) for each in refusals._counts.values()), MOST_TOGETHER)

    async def test_the_refusal_of_someone_else_is_seen_behind_thousands(self) -> None:
        """The latest count, so that guessing does not keep a build's own refusal from being counted."""
        commitment = await self.committed(0)
        await self.guess(commitment, 2 * MOST)
        self.clock.advance(1)
        await self.guess(commitment, 1, "needed")
        refused = await self.shelf.refused(commitment.address)
        self.assertEqual((refused[0].project, len(refused)), ("needed-0", MOST))
