"""A turn lasts as long as its work, and a caller may give up at any time."""

from __future__ import annotations

from twisted.internet.defer import CancelledError, Deferred, DeferredLock
from twisted.trial.unittest import SynchronousTestCase

from reqpi.core.errors import NotFound
from reqpi.runtime.whole_turns import whole_turn


class WholeTurnTests(SynchronousTestCase):
    """Works that end when the test says so, one at a time."""

    def setUp(self) -> None:
        self.lock = DeferredLock()
        self.begun: list[str] = []
        self.ends: dict[str, Deferred[str]] = {}

    def add(self, name: str) -> Deferred[str]:
        def work() -> Deferred[str]:
            self.begun.append(name)
            self.ends[name] = Deferred()
            return self.ends[name]

        return whole_turn(self.lock.run, work)

    def give_up(self, caller: Deferred[str]) -> None:
        caller.cancel()
        self.failureResultOf(caller, CancelledError)

    def test_works_wait_for_each_other(self) -> None:
        works = [self.add("a"), self.add("b")]
        self.assertEqual(self.begun, ["a"])
        for name in "ab":
            self.ends[name].callback(name)
        self.assertEqual([self.successResultOf(work) for work in works], ["a", "b"])

    def test_work_whose_caller_has_left_keeps_its_turn_to_its_end(self) -> None:
        left, following = self.add("a"), self.add("b")
        self.give_up(left)
        self.assertEqual(self.begun, ["a"])
        self.ends["a"].callback("a")
        self.assertEqual(self.begun, ["a", "b"])
        self.ends["b"].callback("b")
        self.assertEqual(self.successResultOf(following), "b")

    def test_work_whose_caller_left_before_its_turn_is_not_begun(self) -> None:
        self.add("a")
        left, following = self.add("b"), self.add("c")
        self.give_up(left)
        self.ends["a"].callback("a")
        self.assertEqual(self.begun, ["a", "c"])
        self.ends["c"].callback("c")
        self.assertEqual(self.successResultOf(following), "c")

    def test_an_error_reaches_its_caller_and_passes_the_turn_on(self) -> None:
        failing, following = self.add("a"), self.add("b")
        self.ends["a"].errback(ValueError())
        self.failureResultOf(failing, ValueError)
        self.ends["b"].callback("b")
        self.assertEqual(self.successResultOf(following), "b")

    def test_only_a_fault_is_logged_when_no_caller_waits(self) -> None:
        for name, error in (("a", NotFound("it is not here")), ("b", ValueError())):
            self.give_up(self.add(name))
            self.ends[name].errback(error)
        self.assertEqual(len(self.flushLoggedErrors(ValueError)), 1)
        self.assertEqual(self.flushLoggedErrors(), [])
