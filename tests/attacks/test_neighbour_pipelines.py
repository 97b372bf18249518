"""A neighbour who sends thousands of requests at once, so that the server answers nobody else meanwhile."""

from __future__ import annotations

from reqpi.web.http.turns import AT_A_TIME
from tests.attacks.limits_case import OTHER, LimitsCase, Peer
from tests.web.test_pipelining import CountingSite

REQUESTS = 200


class PipelineTests(LimitsCase):
    """Two kilobytes have a hundred short requests."""

    site: CountingSite
    make_site = CountingSite  # type: ignore[assignment]  # this one needs no tokens

    def sending(self, connections: int) -> list[Peer]:
        """Connections that have sent their requests in one piece each."""
        peers = [self.peer() for _ in range(connections)]
        for peer in peers:
            peer.say(self.request("/a/b") * REQUESTS)
        return peers

    async def test_the_first_request_alone_is_answered_at_once(self) -> None:
        """The attacker's requests come in one piece, which was answered as a whole before anything else."""
        [peer] = self.sending(1)
        self.assertEqual(self.site.answered, 1)
        for _ in range(REQUESTS):
            self.assertEqual((await peer.wire.reply()).status, 404)

    async def test_a_turn_of_the_reactor_answers_few_requests_of_pipelines(self) -> None:
        """The attacker has many connections."""
        self.sending(50)
        for _ in range(10):
            await self.turn()
        self.assertLessEqual(self.site.answered, 11 * AT_A_TIME)
        self.assertEqual((await self.as_peer(OTHER, f"/{self.address}/simple/six/")).status, 200)

    async def test_all_connections_have_their_turns(self) -> None:
        """The attacker's pipeline is not answered before another client's, which is shorter."""
        self.sending(1)
        other = self.peer(OTHER)
        other.say(self.request("/a/b") * 3)
        for _ in range(3):
            await other.wire.reply()
        self.assertLess(self.site.answered, REQUESTS)

    async def test_a_connection_that_was_closed_has_no_turn(self) -> None:
        """The attacker leaves behind what it sent."""
        for peer in self.sending(5):
            peer.abortConnection()
        for _ in range(5):
            await self.turn()
        self.assertEqual(self.site.in_flight, 0)
        self.assertEqual((await self.as_peer(OTHER, "/a/b")).status, 404)
