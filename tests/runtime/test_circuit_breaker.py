"""The state machine of both circuit breakers: closed, open for a pause, one trial."""

from __future__ import annotations

import math
from threading import Barrier, Thread

from twisted.trial.unittest import SynchronousTestCase

from reqpi.runtime.circuit_breaker import CircuitBreaker, CircuitOpen
from tests.contracts import SetClock

THREADS = 8


class CircuitBreakerTests(SynchronousTestCase):
    """Times are read from a clock that the tests set."""

    def setUp(self) -> None:
        self.clock = SetClock(0.0)
        self.breaker = CircuitBreaker(self.clock, (10, 20))

    def left(self) -> float:
        """Return for how long calls are refused."""
        return self.assertRaises(CircuitOpen, self.breaker.enter).left  # type: ignore[no-any-return]

    def fail_a_trial(self) -> None:
        self.assertTrue(self.breaker.enter())
        self.breaker.failed(trial=True)

    def test_a_closed_breaker_lets_every_call_through(self) -> None:
        self.assertEqual([self.breaker.enter() for _ in range(3)], [False] * 3)
        self.breaker.answered(trial=False)
        self.assertFalse(self.breaker.enter())

    def test_a_failure_opens_it_for_a_pause(self) -> None:
        self.breaker.failed(trial=False)
        self.assertEqual(self.left(), 10)
        self.clock.now = 9.5
        self.assertEqual(self.left(), 0.5)
        self.clock.now = 10
        self.assertTrue(self.breaker.enter())

    def test_each_failure_has_the_next_pause_and_the_last_one_is_repeated(self) -> None:
        self.breaker.failed(trial=False)
        for pause in (10, 20, 20):
            self.assertEqual(self.left(), pause)
            self.clock.now += pause
            self.fail_a_trial()

    def test_calls_that_fail_together_are_one_failure(self) -> None:
        for _ in range(5):
            self.breaker.failed(trial=False)
        self.assertEqual(self.left(), 10)
        self.clock.now = 10
        self.fail_a_trial()
        self.assertEqual(self.left(), 20)

    def test_during_a_trial_the_others_are_refused(self) -> None:
        self.breaker.failed(trial=False)
        self.clock.now = 10
        self.assertTrue(self.breaker.enter())
        self.clock.now = 1000
        self.assertEqual(self.left(), math.inf)

    def test_an_answer_to_the_trial_closes_it_and_the_first_pause_comes_next(self) -> None:
        self.breaker.failed(trial=False)
        self.clock.now = 10
        self.fail_a_trial()
        self.clock.now = 30
        self.breaker.answered(trial=self.breaker.enter())
        self.assertFalse(self.breaker.enter())
        self.breaker.failed(trial=False)
        self.assertEqual(self.left(), 10)

    def test_a_trial_without_an_outcome_is_given_up_after_its_time(self) -> None:
        self.breaker = CircuitBreaker(self.clock, (10, 20), trial=30)
        self.breaker.failed(trial=False)
        self.clock.now = 10
        self.assertTrue(self.breaker.enter())
        self.assertEqual(self.left(), 30)
        self.clock.now = 40
        self.fail_a_trial()
        self.assertEqual(self.left(), 20)

    def test_an_answer_to_an_earlier_call_does_not_close_it(self) -> None:
        early = self.breaker.enter()
        self.breaker.failed(trial=self.breaker.enter())
        self.breaker.answered(trial=early)
        self.assertEqual(self.left(), 10)

    def test_an_earlier_call_that_fails_does_not_end_the_trial(self) -> None:
        self.breaker.failed(trial=False)
        self.clock.now = 10
        self.assertTrue(self.breaker.enter())
        self.breaker.failed(trial=False)
        self.assertEqual(self.left(), math.inf)
        self.breaker.answered(trial=True)
        self.assertFalse(self.breaker.enter())

    def test_of_many_threads_one_gets_the_trial(self) -> None:
        self.breaker.failed(trial=False)
        self.clock.now = 10
        together, outcomes = Barrier(THREADS), []

        def call() -> None:
            together.wait()
            try:
                outcomes.append(self.breaker.enter())
            except CircuitOpen:
                outcomes.append(False)

        threads = [Thread(target=call) for _ in range(THREADS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(sorted(outcomes), [False] * (THREADS - 1) + [True])
