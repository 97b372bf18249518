"""One piece of work however many ask, and however long they wait."""

from __future__ import annotations

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from reqpi.core.errors import Pending, UpstreamTrouble
from reqpi.runtime.singleflight import SingleFlight, within


class OnceTests(SynchronousTestCase):
    """Work under way is shared; work that has ended is done anew."""

    def setUp(self) -> None:
        self.once: SingleFlight[str] = SingleFlight()
        self.begun: list[Deferred[str]] = []

    async def work(self) -> str:
        self.begun.append(Deferred())
        return await self.begun[-1]

    def test_all_who_ask_meanwhile_get_the_one_outcome(self) -> None:
        asked = [self.once.do("key", self.work) for _ in range(3)]
        self.begun[0].callback("done")
        self.assertEqual([self.successResultOf(one) for one in asked], ["done"] * 3)
        self.assertEqual(len(self.begun), 1)

    def test_all_who_ask_meanwhile_get_the_one_failure(self) -> None:
        asked = [self.once.do("key", self.work) for _ in range(2)]
        self.begun[0].errback(UpstreamTrouble("no"))
        for one in asked:
            self.failureResultOf(one, UpstreamTrouble)

    def test_who_comes_later_begins_anew(self) -> None:
        first = self.once.do("key", self.work)
        self.begun[0].errback(UpstreamTrouble("no"))
        self.failureResultOf(first)
        second = self.once.do("key", self.work)
        self.begun[1].callback("done")
        self.assertEqual(self.successResultOf(second), "done")

    def test_other_keys_are_other_work(self) -> None:
        self.once.do("one", self.work)
        self.once.do("two", self.work)
        self.assertEqual(len(self.begun), 2)

    def test_who_gives_up_waiting_stops_neither_the_work_nor_the_others(self) -> None:
        first, second = (self.once.do("key", self.work) for _ in range(2))
        first.addErrback(lambda _: None)
        first.cancel()
        self.begun[0].callback("done")
        self.assertEqual(self.successResultOf(second), "done")


class WithinTests(SynchronousTestCase):
    """Who waits too long is told to ask again, and the work goes on."""

    def test_in_time(self) -> None:
        outcome: Deferred[str] = Deferred()
        waiting = Deferred.fromCoroutine(within(10, Clock(), outcome, "it is"))
        outcome.callback("done")
        self.assertEqual(self.successResultOf(waiting), "done")

    def test_too_late(self) -> None:
        clock, outcome = Clock(), Deferred[str]()
        waiting = Deferred.fromCoroutine(within(10, clock, outcome, "the page of six is"))
        clock.advance(9.9)
        self.assertNoResult(waiting)
        clock.advance(0.2)
        self.assertEqual(self.failureResultOf(waiting, Pending).value.title, "the page of six is on the way")
