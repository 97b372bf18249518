"""Callers that wait are served client by client, and each keeps the client that it works for."""

from __future__ import annotations

from twisted.internet.defer import CancelledError, Deferred
from twisted.trial.unittest import SynchronousTestCase

from reqpi.runtime.fair_turns import FairTurns
from reqpi.runtime.on_behalf import on_behalf_of, requester


class FairTurnsCase(SynchronousTestCase):
    """Two places, and either may be any client's."""

    def setUp(self) -> None:
        self.turns = FairTurns(2, each=2)
        self.log: list[str] = []
        self.gates: dict[str, Deferred[None]] = {}

    def begin(self, client: str, name: str = "", *, at_once: bool = False) -> Deferred[None]:
        """Begin work that ends when its gate is opened."""

        async def work() -> None:
            self.log.append(f"{requester()}{name}")
            if not at_once:
                self.gates[f"{client}{name}"] = Deferred()
                await self.gates[f"{client}{name}"]

        with on_behalf_of(client):
            return Deferred.fromCoroutine(self.turns.run(client, work))

    def tearDown(self) -> None:
        while self.gates:
            self.end(next(iter(self.gates)))

    def end(self, name: str) -> None:
        self.gates.pop(name).callback(None)


class OrderTests(FairTurnsCase):
    """Who is next."""

    def test_one_with_many_callers_delays_another_by_one_of_them(self) -> None:
        for number in range(6):
            self.begin("a", str(number))
        self.begin("b", "0")
        self.end("a0")
        self.end("a1")
        self.assertEqual(self.log, ["a0", "a1", "a2", "b0"])

    def test_no_client_has_more_places_than_it_may(self) -> None:
        self.turns = FairTurns(2, each=1)
        self.begin("a", "0")
        self.begin("a", "1")
        self.assertEqual(self.log, ["a0"])
        self.begin("b", "0")
        self.assertEqual(self.log, ["a0", "b0"])
        self.end("a0")
        self.assertEqual(self.log, ["a0", "b0", "a1"])
        self.assertEqual(self.turns.all_waiting, 0)

    def test_a_caller_that_gives_up_takes_no_place(self) -> None:
        self.begin("a", "0")
        self.begin("a", "1")
        given_up = self.begin("b", "0")
        self.assertEqual((self.turns.waiting("b"), self.turns.all_waiting), (1, 1))
        given_up.cancel()
        self.failureResultOf(given_up, CancelledError)
        self.begin("b", "1")
        self.end("a0")
        self.assertEqual(self.log, ["a0", "a1", "b1"])

    def test_a_place_is_free_again_after_a_failure(self) -> None:
        turns = FairTurns(1)

        async def fail() -> None:
            raise ZeroDivisionError

        for _ in range(3):
            self.failureResultOf(Deferred.fromCoroutine(turns.run("", fail)), ZeroDivisionError)

    def test_thousands_that_are_done_at_once_need_no_deep_stack(self) -> None:
        self.turns = FairTurns(1)
        self.begin("a", "first")
        waiting = [self.begin("b", str(number), at_once=True) for number in range(5000)]
        self.end("afirst")
        for each in waiting:
            self.successResultOf(each)
