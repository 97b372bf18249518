"""One piece of work for any number of callers, however long they wait."""

from __future__ import annotations

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from reqpi.core.errors import Pending, UpstreamTrouble
from reqpi.runtime.singleflight import SingleFlight, within


class SingleFlightTestCase(SynchronousTestCase):
    """Work that succeeds or fails when the test says so."""

    cancel_unawaited = False

    def setUp(self) -> None:
        self.flights: SingleFlight[str] = SingleFlight(cancel_unawaited=self.cancel_unawaited)
        self.begun: list[Deferred[str]] = []
        self.cancelled: list[Deferred[str]] = []

    async def work(self) -> str:
        self.begun.append(Deferred(self.cancelled.append))
        return await self.begun[-1]

    def callers(self, count: int) -> list[Deferred[str]]:
        return [self.flights.do("key", self.work) for _ in range(count)]

    def give_up(self, caller: Deferred[str]) -> None:
        caller.cancel()
        self.failureResultOf(caller, CancelledError)


class SharingTests(SingleFlightTestCase):
    """Work in progress is shared; work that has ended is done anew."""

    def test_all_callers_meanwhile_get_the_one_outcome(self) -> None:
        callers = self.callers(3)
        self.begun[0].callback("done")
        self.assertEqual([self.successResultOf(one) for one in callers], ["done"] * 3)
        self.assertEqual(len(self.begun), 1)

    def test_all_callers_meanwhile_get_the_one_failure(self) -> None:
        callers = self.callers(2)
        self.begun[0].errback(UpstreamTrouble("no"))
        for one in callers:
            self.failureResultOf(one, UpstreamTrouble)

    def test_a_later_caller_begins_anew(self) -> None:
        (first,) = self.callers(1)
        self.begun[0].errback(UpstreamTrouble("no"))
        self.failureResultOf(first)
        (second,) = self.callers(1)
        self.begun[1].callback("done")
        self.assertEqual(self.successResultOf(second), "done")

    def test_other_keys_are_other_work(self) -> None:
        self.flights.do("one", self.work)
        self.flights.do("two", self.work)
        self.assertEqual(len(self.begun), 2)

    def test_a_caller_that_gives_up_stops_neither_the_work_nor_the_others(self) -> None:
        first, second = self.callers(2)
        self.give_up(first)
        self.begun[0].callback("done")
        self.assertEqual(self.successResultOf(second), "done")

    def test_the_first_to_get_the_outcome_may_give_up_for_another(self) -> None:
        first, second, third = self.callers(3)
        first.addCallback(lambda _: second.cancel())
        second.addErrback(lambda failure: failure.trap(CancelledError))
        self.begun[0].callback("done")
        self.assertEqual(self.successResultOf(third), "done")

    def test_work_that_ends_at_once_is_not_kept(self) -> None:
        async def work() -> str:
            return "done"

        self.assertEqual([self.successResultOf(self.flights.do("key", work)) for _ in range(2)], ["done"] * 2)


class SharingCancellingTests(SharingTests):
    """The same with work that is cancelled when no one waits for it."""

    cancel_unawaited = True


class UnawaitedTests(SingleFlightTestCase):
    """By default, work goes on when no one waits for it."""

    def test_the_next_caller_shares_the_work_that_went_on(self) -> None:
        (first,) = self.callers(1)
        self.give_up(first)
        (second,) = self.callers(1)
        self.begun[0].callback("done")
        self.assertEqual(self.successResultOf(second), "done")
        self.assertEqual(len(self.begun), 1)
        self.assertEqual(self.cancelled, [])

    def test_its_failure_is_logged(self) -> None:
        (only,) = self.callers(1)
        self.give_up(only)
        self.begun[0].errback(ZeroDivisionError())
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)


class CancellingTests(SingleFlightTestCase):
    """With ``cancel_unawaited``, the last caller that gives up cancels the work."""

    cancel_unawaited = True

    def test_the_last_caller_that_gives_up_cancels_the_work(self) -> None:
        first, second = self.callers(2)
        self.give_up(first)
        self.assertEqual(self.cancelled, [])
        self.give_up(second)
        self.assertEqual(self.cancelled, self.begun)
        self.assertEqual(self.flushLoggedErrors(), [])

    def test_the_next_caller_begins_anew(self) -> None:
        (first,) = self.callers(1)
        self.give_up(first)
        (second,) = self.callers(1)
        self.begun[1].callback("done")
        self.assertEqual(self.successResultOf(second), "done")


class WithinTests(SynchronousTestCase):
    """A caller that waits too long has to ask again, and the work goes on."""

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
