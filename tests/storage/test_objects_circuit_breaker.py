"""A store that does not answer: one call tests it, and the others fail at once."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from reqpi.core.errors import StoreTrouble
from reqpi.storage.objects.circuit_breaker import StoreCircuitBreaker
from tests.contracts import SetClock

UNREACHED = OSError("HTTP error: error sending request")
REFUSED = OSError("403 Forbidden")


class AwayTests(SynchronousTestCase):
    """Calls that reach the store, and calls that do not."""

    def setUp(self) -> None:
        self.clock = SetClock(0.0)
        self.away = StoreCircuitBreaker(self.clock)
        self.asked = 0

    def ask(self, error: BaseException | None = None) -> None:
        """Ask, and be answered, or not."""
        with self.away.asking():
            self.asked += 1
            if error is not None:
                raise error

    def refused(self) -> None:
        """Nobody is let through to the store."""
        asked = self.asked
        trouble = self.assertRaises(StoreTrouble, self.ask)
        self.assertEqual(str(trouble), "the store cannot be reached: It did not answer a moment ago. Try again.")
        self.assertEqual(self.asked, asked)

    def test_everybody_asks_a_store_that_answers(self) -> None:
        """Whatever it answers; and several at a time."""
        self.ask()
        self.assertRaises(OSError, self.ask, REFUSED)
        with self.away.asking():
            self.ask()
        self.assertEqual(self.asked, 3)

    def test_after_a_call_without_an_answer_nobody_asks_for_a_moment(self) -> None:
        """Then one does; and when it was answered, everybody."""
        self.assertRaises(OSError, self.ask, UNREACHED)
        self.refused()
        self.clock.now += 1
        self.ask()
        self.ask()
        self.assertEqual(self.asked, 3)

    def test_one_at_a_time_finds_out(self) -> None:
        """The others fail at once, for as long as it takes."""
        self.assertRaises(OSError, self.ask, UNREACHED)
        self.clock.now += 1
        with self.away.asking():
            self.clock.now += 10
            self.refused()
        self.ask()

    def test_one_that_finds_it_still_away_makes_another_moment(self) -> None:
        """Counted from when it gave up."""
        self.assertRaises(OSError, self.ask, UNREACHED)
        self.clock.now += 1
        with self.assertRaises(OSError), self.away.asking():
            self.clock.now += 10
            raise UNREACHED
        self.clock.now += 0.5
        self.refused()
        self.clock.now += 0.5
        self.ask()

    def test_an_error_is_an_answer(self) -> None:
        """A store that refuses is there."""
        self.assertRaises(OSError, self.ask, UNREACHED)
        self.clock.now += 1
        self.assertRaises(OSError, self.ask, REFUSED)
        self.ask()

    def test_credentials_that_are_not_to_be_had_count_as_no_answer(self) -> None:
        """Every call would wait for them."""
        self.assertRaises(OSError, self.ask, OSError("PUT http://169.254.169.254/latest/api/token: HTTP error"))
        self.refused()

    def test_an_answer_to_an_earlier_call_says_nothing_of_now(self) -> None:
        """It began before the store went away."""
        with self.away.asking():
            self.assertRaises(OSError, self.ask, UNREACHED)
        self.refused()
        self.clock.now += 1
        self.ask()
        self.ask()

    def test_an_earlier_call_that_ends_without_an_answer_does_not_end_the_try(self) -> None:
        """While one call tests the store, no other does."""
        early = self.away.asking()
        early.__enter__()
        self.assertRaises(OSError, self.ask, UNREACHED)
        self.clock.now += 1
        with self.away.asking():
            self.assertFalse(early.__exit__(OSError, UNREACHED, None))
            self.clock.now += 1
            self.refused()
