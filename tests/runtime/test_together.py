"""Calls that arrive while others are under way are made together."""

from __future__ import annotations

from collections.abc import Sequence

from twisted.internet.defer import CancelledError, Deferred
from twisted.trial.unittest import SynchronousTestCase

from reqpi.runtime.together import Together


class TogetherTests(SynchronousTestCase):
    """Each call doubles its number, once the thread is done."""

    def setUp(self) -> None:
        self.made: list[list[int]] = []
        self.threads: list[Deferred[None]] = []
        self.together: Together[int, int] = Together(self.run_in_thread)

    async def run_in_thread(self, numbers: Sequence[int]) -> list[int | Exception]:
        self.made.append(list(numbers))
        self.threads.append(Deferred())
        await self.threads[-1]
        return [ValueError(number) if number < 0 else 2 * number for number in numbers]

    def test_a_call_by_itself_is_made_at_once(self) -> None:
        call = self.together.call(1)
        self.assertEqual(self.made, [[1]])
        self.threads[0].callback(None)
        self.assertEqual(self.successResultOf(call), 2)

    def test_those_that_arrive_meanwhile_are_made_together(self) -> None:
        """None of them joins the calls that have begun: these may have taken their first step already."""
        calls = [self.together.call(number) for number in (1, 2, 3)]
        self.assertEqual(self.made, [[1]])
        self.threads[0].callback(None)
        self.assertEqual(self.made, [[1], [2, 3]])
        self.assertNoResult(calls[1])
        self.threads[1].callback(None)
        self.assertEqual([self.successResultOf(call) for call in calls], [2, 4, 6])

    def test_a_later_call_is_made_at_once_again(self) -> None:
        for _ in range(2):
            call = self.together.call(1)
            self.threads[-1].callback(None)
            self.assertEqual(self.successResultOf(call), 2)

    def test_each_has_an_error_of_its_own(self) -> None:
        calls = [self.together.call(number) for number in (1, -2, 3)]
        for _ in range(2):
            self.threads.pop().callback(None)
        self.assertEqual(self.successResultOf(calls[2]), 6)
        self.failureResultOf(calls[1], ValueError)
        self.assertEqual(self.successResultOf(calls[0]), 2)

    def test_when_none_can_be_made_each_has_the_error(self) -> None:
        """Later calls are made."""
        calls = [self.together.call(number) for number in (1, 2, 3)]
        self.threads[0].callback(None)
        self.threads[1].errback(RuntimeError("no thread"))
        for call in calls[1:]:
            self.failureResultOf(call, RuntimeError)
        self.assertEqual(self.successResultOf(calls[0]), 2)
        last = self.together.call(4)
        self.threads[2].callback(None)
        self.assertEqual(self.successResultOf(last), 8)

    def test_a_caller_that_gives_up_changes_nothing_for_others(self) -> None:
        """Its own call is made: it may have begun."""
        calls = [self.together.call(number) for number in (1, 2, 3)]
        calls[0].cancel()
        calls[1].cancel()
        self.threads[0].callback(None)
        self.assertEqual(self.made, [[1], [2, 3]])
        self.threads[1].callback(None)
        for call in calls[:2]:
            self.failureResultOf(call, CancelledError)
        self.assertEqual(self.successResultOf(calls[2]), 6)

    def test_a_call_that_an_outcome_causes_is_made_next(self) -> None:
        calls: list[Deferred[int]] = []
        self.together.call(1).addCallback(lambda doubled: calls.append(self.together.call(doubled)))
        self.threads[0].callback(None)
        self.assertEqual(self.made, [[1], [2]])
        self.threads[1].callback(None)
        self.assertEqual(self.successResultOf(calls[0]), 4)
