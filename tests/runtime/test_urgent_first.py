"""Urgent work overtakes other work, and does not keep it out."""

from __future__ import annotations

from twisted.internet.defer import CancelledError, Deferred
from twisted.trial.unittest import SynchronousTestCase

from reqpi.runtime.urgent_first import UrgentFirst


class UrgentFirstTests(SynchronousTestCase):
    """Works that end when the test says so, and the order in which they begin."""

    def setUp(self) -> None:
        self.place = UrgentFirst()
        self.begun: list[str] = []
        self.ends: dict[str, Deferred[str]] = {}

    def add(self, name: str, *, urgent: bool = False) -> Deferred[str]:
        async def work() -> str:
            self.begun.append(name)
            self.ends[name] = Deferred()
            return await self.ends[name]

        return Deferred.fromCoroutine(self.place.run(work, urgent=urgent))

    def end(self, name: str) -> None:
        self.ends.pop(name).callback(name)

    def test_one_at_a_time_urgent_ones_first(self) -> None:
        works = [self.add("a"), self.add("b"), self.add("c", urgent=True), self.add("d", urgent=True)]
        for name in "acdb":
            self.assertEqual(self.begun[-1], name)
            self.end(name)
        self.assertEqual([self.successResultOf(work) for work in works], [*"abcd"])

    def test_other_work_is_not_kept_out(self) -> None:
        self.add("a")
        self.add("other")
        for number in range(30):
            self.add(str(number), urgent=True)
        while self.ends:
            self.end(self.begun[-1])
        self.assertEqual((self.begun.index("other"), len(self.begun)), (9, 32))

    def test_an_error_passes_the_place_on(self) -> None:
        failing, following = self.add("a"), self.add("b")
        self.ends["a"].errback(ValueError())
        self.failureResultOf(failing, ValueError)
        self.end("b")
        self.assertEqual(self.successResultOf(following), "b")

    def test_work_that_is_given_up_leaves_the_queue(self) -> None:
        self.add("a")
        given_up, following = self.add("b"), self.add("c")
        given_up.cancel()
        self.failureResultOf(given_up, CancelledError)
        self.end("a")
        self.end("c")
        self.assertEqual((self.begun, self.successResultOf(following)), (["a", "c"], "c"))
