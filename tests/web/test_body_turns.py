"""Bodies: little of them is received at a time, and clients take turns."""

from __future__ import annotations

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from reqpi.web.http.body_turns import AT_A_TIME, EVERY, BodyTurns


class Sending:
    """A connection whose client always has more to send.

    :ivar pieces: how many were received.
    """

    def __init__(self, turns: BodyTurns, client: str = "192.0.2.1") -> None:
        self.pieces = 0
        self.paused = self.gone = False
        self.client = client
        self._turns = turns

    def pauseProducing(self) -> None:
        self.paused = True

    def resumeProducing(self) -> None:
        assert not self.gone
        self.paused = False

    def turn(self) -> None:
        """One turn of the reactor: a connection that is not paused is read."""
        if not self.paused:
            self.pieces += 1
            self._turns.received(self.client, self)


class BodyTurnsTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.turns = BodyTurns(self.clock)

    def sent(self, *connections: Sending, turns: int = 20) -> list[int]:
        """Return how many pieces each connection sent in that many turns of the reactor."""
        before = [each.pieces for each in connections]
        for _ in range(turns):
            for each in connections:
                each.turn()
        return [each.pieces - count for each, count in zip(connections, before, strict=True)]

    def test_a_client_alone_is_hardly_delayed(self) -> None:
        """It sends several pieces at a time, again and again."""
        one = Sending(self.turns)
        self.assertEqual(self.sent(one), [AT_A_TIME + 1])
        self.clock.advance(EVERY)
        self.assertEqual(self.sent(one), [AT_A_TIME + 1])

    def test_many_clients_take_turns(self) -> None:
        """However many they are, few are read at a time, and each is read in the end."""
        many = [Sending(self.turns) for _ in range(200)]
        self.sent(*many, turns=1)
        for _ in range(200 // AT_A_TIME):
            self.clock.advance(EVERY)
            self.assertLessEqual(sum(self.sent(*many)), 2 * AT_A_TIME)
        self.assertEqual({each.pieces for each in many} - {2, 3}, set())

    def test_another_client_does_not_wait_for_all_connections_of_the_first(self) -> None:
        """It is read each time, although the first one has two hundred."""
        many = [Sending(self.turns) for _ in range(200)]
        self.sent(*many, turns=1)
        other = Sending(self.turns, "192.0.2.2")
        self.sent(*many, other)
        for number in range(10):
            self.clock.advance(EVERY)
            self.sent(*many, other)
            self.assertEqual(other.pieces, 2 + number)

    def test_a_client_that_is_gone_is_not_read(self) -> None:
        """Its transport would be read after its end."""
        many = [Sending(self.turns) for _ in range(20)]
        self.sent(*many)
        for each in many:
            each.gone = True
            self.turns.leave(each.client, each)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_no_timer_runs_while_no_one_waits(self) -> None:
        """There is one for those who wait, and for nothing else."""
        one = Sending(self.turns)
        one.turn()
        self.assertEqual(self.clock.getDelayedCalls(), [])
        self.sent(one)
        self.assertEqual(len(self.clock.getDelayedCalls()), 1)
        self.clock.advance(EVERY)
        self.assertEqual((one.paused, self.clock.getDelayedCalls()), (False, []))
