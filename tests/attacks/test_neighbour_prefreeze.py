"""A neighbour who has the server ask its upstream thousands of times by committing a lock."""

from __future__ import annotations

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import TestCase

from reqpi.core.limits.rates import Rate
from reqpi.core.model import Commitment
from reqpi.runtime.on_behalf import on_behalf_of
from reqpi.shelf.maintenance.prefreeze import Prefreeze
from reqpi.shelf.shelf import Shelf
from reqpi.storage.memory import MemoryStore
from tests.distributions import a_file, a_page
from tests.fake_index import PlainUpstream


class PrefreezeCase(TestCase):
    """A server that prefreezes 60 pages a minute for each client."""

    rate: Rate | None = Rate(1.0, 60)

    def setUp(self) -> None:
        self.clock = Clock()
        self.store = MemoryStore(self.clock.seconds)
        self.upstream = PlainUpstream()
        self.shelf = Shelf(self.store, self.upstream, self.clock, "here")
        self.prefreeze = Prefreeze(self.shelf, self.clock, self.rate)
        self.shelf.on_new(self.prefreeze.begin)

    async def commit(self, client: str, count: int) -> Commitment:
        """Commit a lock with so many projects."""
        names = [f"{client}-{number}" for number in range(count)]
        for name in names:
            self.upstream.offer(a_page(a_file(f"{name}-1.0.tar.gz", b"", project=name), project=name), b"")
        with on_behalf_of(client):
            commitment, _ = await self.shelf.commit("".join(f"{name}==1.0\n" for name in names).encode())
        return commitment

    def asked(self, client: str) -> int:
        """How often the upstream was asked for a page of this client's locks."""
        return sum(name.startswith(f"{client}-") for name in self.upstream.asked)

    def advance(self, seconds: int) -> None:
        for _ in range(seconds * 10):
            self.clock.advance(0.1)


class FloodTests(PrefreezeCase):
    """One lock with thousands of projects."""

    async def test_a_huge_lock_is_not_prefrozen_at_all(self) -> None:
        """One POST caused as many requests to the upstream as the lock has projects."""
        await self.commit("neighbour", 4000)
        self.advance(60)
        self.assertEqual(self.asked("neighbour"), 0)

    async def test_no_client_causes_more_requests_than_the_rate(self) -> None:
        """The attacker commits one lock after the other."""
        for number in range(10):
            await self.commit(f"neighbour-{number}"[:9], 100 + number)
        self.advance(1)
        self.assertLessEqual(self.asked("neighbour"), 62)
        self.advance(60)
        self.assertLessEqual(self.asked("neighbour"), 122)

    async def test_what_waits_is_frozen_in_the_end(self) -> None:
        """A large lock of an honest client takes a while."""
        commitment = await self.commit("honest", 150)
        self.advance(100)
        self.assertEqual(len(await self.shelf.frozen(commitment, commitment.lock.projects)), 150)

    async def test_others_are_not_held_up(self) -> None:
        """Neither by the rate of the attacker nor by what waits."""
        for _ in range(5):
            await self.commit("neighbour", 1000)
        self.advance(1)
        commitment = await self.commit("other", 50)
        self.advance(1)
        self.assertEqual(len(await self.shelf.frozen(commitment, commitment.lock.projects)), 50)


class RestTests(PrefreezeCase):
    """Five pages at once, and one a second from then on."""

    rate = Rate(1.0, 5)

    async def test_the_rest_of_a_lock_waits_for_its_rate_and_not_for_all_others(self) -> None:
        """The attacker commits with many clients, so that each worker always has something to do."""
        await self.commit("honest", 5)
        self.advance(1)
        commitment = await self.commit("honest", 8)
        gates: list[Deferred[None]] = []

        def wait() -> Deferred[None]:
            gates.append(Deferred())
            return gates[-1]

        for number in range(6):
            other = await self.commit(f"n{number}", 5)
            self.upstream.before |= dict.fromkeys(other.lock.projects, wait)
        self.advance(5)
        self.assertEqual(len(gates), 12)
        for _ in range(10):  # of the thirty
            gates.pop(0).callback(None)
            self.advance(1)
        self.assertGreater(len(await self.shelf.frozen(commitment, commitment.lock.projects)), 1)
        while gates:
            gates.pop(0).callback(None)
            self.advance(1)

    async def test_only_projects_count(self) -> None:
        """Each of these locks took two of the rate, so that small locks waited for nothing."""
        self.upstream.offer(a_page(a_file("six-1.0.tar.gz", b"")), b"")
        for number in range(5):
            with on_behalf_of("honest"):
                await self.shelf.commit(b"# %d\nsix==1.0\n" % number)
            self.clock.advance(0)
        self.assertEqual(self.upstream.asked.count("six"), 5)
        self.advance(1)
