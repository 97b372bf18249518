"""A new lock is frozen before a client requests it, and does not delay other clients."""

from __future__ import annotations

from attrs import evolve
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.logger import LogLevel, capturedLogs
from twisted.trial.unittest import TestCase

from reqpi.core.errors import UpstreamTrouble
from reqpi.core.model import Commitment
from reqpi.runtime.on_behalf import on_behalf_of
from reqpi.shelf.maintenance.prefreeze import Prefreeze
from reqpi.shelf.records import page_record
from reqpi.shelf.shelf import Shelf
from reqpi.storage.memory import MemoryStore
from tests.distributions import a_file, a_page
from tests.fake_index import PlainUpstream


class AheadCase(TestCase):
    """A shelf over a store in memory, whose locks are prefrozen."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.store = MemoryStore(self.clock.seconds)
        self.upstream = PlainUpstream()
        self.shelf = Shelf(self.store, self.upstream, self.clock, "here")
        self.prefreeze = Prefreeze(self.shelf, self.clock)
        self.shelf.on_new(self.prefreeze.begin)

    def offer(self, *names: str) -> None:
        for name in names:
            self.upstream.offer(a_page(a_file(f"{name}-1.0.tar.gz", b"", project=name), project=name), b"")

    def hold_back(self, *names: str) -> Deferred[None]:
        """Have upstream not answer for these until it is told."""
        gate: Deferred[None] = Deferred()

        async def wait() -> None:
            passed: Deferred[None] = Deferred()
            gate.addCallback(passed.callback)
            await passed

        self.upstream.before |= dict.fromkeys(names, wait)
        return gate

    async def committed(self, *names: str, comment: str = "") -> Commitment:
        document = f"# {comment}\n" + "".join(f"{name}==1.0\n" for name in names)
        commitment, _ = await self.shelf.commit(document.encode())
        return commitment

    def go_on(self) -> None:
        """Let all be done that waits for a turn of the reactor and for nothing else."""
        self.clock.advance(0)

    async def frozen(self, commitment: Commitment) -> set[str]:
        return set(await self.shelf.frozen(commitment, commitment.lock.projects))


class AheadTests(AheadCase):
    """The pages of a new lock are frozen without a request."""

    async def test_all_that_a_new_lock_pins_is_frozen_unasked(self) -> None:
        names = [f"thing{number}" for number in range(30)]
        self.offer(*names)
        commitment = await self.committed(*names)
        self.go_on()
        self.assertEqual(await self.frozen(commitment), set(names))

    async def test_a_commit_waits_for_none_of_it(self) -> None:
        """Upstream is not asked before the answer is on its way."""
        self.offer("six")
        await self.committed("six")
        self.assertEqual(self.upstream.asked, [])

    async def test_a_lock_that_is_here_already_is_left_alone(self) -> None:
        self.offer("six")
        await self.committed("six")
        self.prefreeze.stop()
        self.prefreeze = Prefreeze(self.shelf, self.clock)
        self.shelf.on_new(self.prefreeze.begin)
        await self.committed("six")
        self.go_on()
        self.assertEqual(self.upstream.asked, [])

    async def test_one_that_cannot_be_had_holds_up_no_other_and_is_said_quietly(self) -> None:
        """A client that requests it gets the reason."""
        self.offer("six")
        with capturedLogs() as logged:
            commitment = await self.committed("absent", "six")
            self.go_on()
        self.assertEqual(await self.frozen(commitment), {"six"})
        levels = {
            event["log_level"]
            for event in logged
            if event["log_namespace"] == "reqpi.shelf.maintenance.prefreeze.Prefreeze"
        }
        self.assertEqual(levels, {LogLevel.debug})
        error = await self.assertFailure(Deferred.fromCoroutine(self.shelf.page(commitment, "absent")), UpstreamTrouble)
        self.assertIn("absent", str(error))

    async def test_a_defect_of_ours_is_logged_and_the_rest_goes_on(self) -> None:
        async def broken() -> None:
            raise ZeroDivisionError

        self.offer("attrs", "six")
        self.upstream.before["attrs"] = broken
        commitment = await self.committed("attrs", "six")
        self.go_on()
        self.assertEqual(await self.frozen(commitment), {"six"})
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)


class ManyTests(AheadCase):
    """Commits in a row cost clients nothing."""

    async def test_what_a_client_asks_for_goes_first(self) -> None:
        """Though all that came before still waits for upstream."""
        names = [f"thing{number}" for number in range(100)]
        self.offer(*names, "wanted")
        gate = self.hold_back(*names)
        for number in range(20):
            await self.committed(*names, comment=str(number))
        commitment = await self.committed(*names, "wanted")
        self.go_on()
        page = await self.shelf.page(commitment, "wanted")
        self.assertEqual(len(page.files), 1)
        gate.callback(None)

    async def test_few_are_looked_up_at_a_time(self) -> None:
        names = [f"thing{number}" for number in range(100)]
        self.offer(*names)
        gate = self.hold_back(*names)
        await self.committed(*names)
        await self.committed(*names, comment="another")
        self.go_on()
        self.assertEqual(len(self.upstream.asked), 8)
        gate.callback(None)
        self.go_on()
        self.assertEqual(len(self.upstream.asked), 200)

    async def test_while_clients_queue_nothing_more_is_begun(self) -> None:
        """A client that comes later still goes first; and when they do not queue any more, it goes on."""
        asked_for = [f"asked{number}" for number in range(40)]
        self.offer(*asked_for, "late", "six")
        gate = self.hold_back(*asked_for)
        self.prefreeze.stop()
        clients = await self.committed(*asked_for, "late")
        self.prefreeze = Prefreeze(self.shelf, self.clock)
        self.shelf.on_new(self.prefreeze.begin)
        waiting = [Deferred.fromCoroutine(self.shelf.page(clients, name)) for name in asked_for]
        commitment = await self.committed("six")
        self.clock.pump([0.1] * 5)
        waiting.append(Deferred.fromCoroutine(self.shelf.page(clients, "late")))
        gate.callback(None)
        self.assertTrue(all(one.called for one in waiting))
        self.clock.pump([0.1] * 5)
        self.assertEqual(await self.frozen(commitment), {"six"})
        self.assertEqual(self.upstream.asked[-2:], ["late", "six"])

    async def test_a_large_lock_does_not_hold_up_a_small_one(self) -> None:
        """They take turns."""
        names = [f"thing{number}" for number in range(500)]
        self.offer(*names, "six")
        await self.committed(*names)
        await self.committed("six")
        self.go_on()
        self.assertLess(self.upstream.asked.index("six"), 30)

    async def test_a_client_and_the_background_share_the_work(self) -> None:
        self.offer("six")
        gate = self.hold_back("six")
        commitment = await self.committed("six")
        self.go_on()
        asked = Deferred.fromCoroutine(self.shelf.page(commitment, "six"))
        gate.callback(None)
        self.assertEqual(len((await asked).files), 1)
        self.assertEqual(self.upstream.asked, ["six"])

    async def test_what_waits_is_bounded(self) -> None:
        """The rest is looked up when it is asked for."""
        commitment = await self.committed("six")
        pin = commitment.lock.pins[0]
        pins = tuple(evolve(pin, project=f"thing{number}") for number in range(1_500))
        lock = evolve(commitment.lock, pins=pins)
        self.prefreeze.stop()
        prefreeze = Prefreeze(self.shelf, self.clock)
        with capturedLogs() as logged:
            for _ in range(3):
                prefreeze.begin(evolve(commitment, lock=lock))
        self.assertEqual(len(logged), 2)
        with capturedLogs() as logged:
            for number in range(20):
                with on_behalf_of(f"another {number}"):
                    prefreeze.begin(evolve(commitment, lock=lock))
        self.assertGreater(len(logged), 7)
        prefreeze.stop()

    async def test_the_memory_of_what_waits_is_bounded(self) -> None:
        """A lock may have few projects and many digests."""
        commitment = await self.committed("six")
        heavy = evolve(commitment, lock=evolve(commitment.lock, document=bytes(10 << 20)))
        self.prefreeze.stop()
        prefreeze = Prefreeze(self.shelf, self.clock)
        self.addCleanup(prefreeze.stop)
        with capturedLogs() as logged:
            for _ in range(3):
                prefreeze.begin(heavy)
        self.assertEqual(len(logged), 2)
        self.go_on()  # and once it is done, there is room for another
        with capturedLogs() as logged:
            prefreeze.begin(heavy)
        self.assertEqual(len(logged), 0)


class StoppingTests(AheadCase):
    """A server that ends begins nothing more."""

    async def test_what_waits_is_dropped(self) -> None:
        names = [f"thing{number}" for number in range(100)]
        self.offer(*names)
        gate = self.hold_back(*names)
        commitment = await self.committed(*names)
        self.go_on()
        self.prefreeze.stop()
        gate.callback(None)
        self.go_on()
        self.assertEqual(len(self.upstream.asked), 8)
        written = [name async for name in self.store.names(page_record(commitment.address))]
        self.assertEqual(len(written), 8)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    async def test_and_nothing_begins_again(self) -> None:
        self.offer("six")
        self.prefreeze.stop()
        await self.committed("six")
        self.go_on()
        self.assertEqual(self.upstream.asked, [])
