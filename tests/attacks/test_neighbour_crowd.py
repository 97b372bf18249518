"""A neighbour who sends requests on hundreds of connections at once, one on each, so that all others wait for them."""

from __future__ import annotations

from reqpi.web.http.turns import AT_A_TIME
from tests.attacks.limits_case import ATTACKER, OTHER, LimitsCase, Peer
from tests.attacks.test_neighbour_large_responses import DOCUMENT
from tests.web.test_pipelining import CountingSite

CONNECTIONS = 200


class TurnCountingSite(CountingSite):
    """It also counts the requests that a resource begins to answer."""

    rendered = 0

    def getResourceFor(self, request: object) -> object:
        self.rendered += 1
        return super().getResourceFor(request)  # type: ignore[arg-type]


class CrowdTests(LimitsCase):
    """No request of the attacker waits for another one: each is the only one on its connection."""

    site: TurnCountingSite
    make_site = TurnCountingSite  # type: ignore[assignment]  # this one needs no tokens

    async def setUp(self) -> None:
        await super().setUp()
        self.limit()
        self.site.largest_body = len(DOCUMENT)
        commitment, _ = await self.shelf.commit(DOCUMENT)
        self.large = f"/{commitment.address}/lock"
        self.site.rendered = 0

    def crowd(self, path: str, times: int = 1) -> list[Peer]:
        """Connections that have sent their requests within one turn of the reactor, and that read nothing."""
        peers = [self.peer() for _ in range(CONNECTIONS)]
        for peer in peers:
            peer.reads = False
            peer.say(self.request(path) * times)
        return peers

    async def test_a_turn_begins_few_requests(self) -> None:
        """The attacker requests what is not ready: 200 at once took 0.2 s of one turn."""
        self.crowd("/a/b")
        self.assertEqual(self.site.rendered, AT_A_TIME)
        for turn in range(2, 12):
            await self.turn()
            self.assertLessEqual(self.site.rendered, turn * AT_A_TIME)

    async def test_a_turn_begins_few_large_responses(self) -> None:
        """The attacker sends four requests on each connection, and reads nothing: it took 0.16 s of one turn."""
        self.crowd(self.large, 4)
        self.assertEqual(self.site.rendered, AT_A_TIME)
        for turn in range(2, 12):
            await self.turn()
            self.assertLessEqual(self.site.rendered, turn * AT_A_TIME)

    async def test_another_client_has_the_next_turn(self) -> None:
        """The attacker's requests, which came before, are not all answered first."""
        self.crowd(self.large)
        await self.as_peer(OTHER, f"/{self.address}/lock")
        self.assertLess(self.site.rendered, CONNECTIONS // 4)

    async def test_responses_that_are_read_at_the_same_time_have_turns(self) -> None:
        """The attacker reads nothing at first, and then on all connections at once."""
        self.limit(unread=1 << 40)
        peers = self.crowd(f"/{self.address}/lock", 2)
        for peer in peers:
            peer.channel.pauseProducing()
        while self.site.rendered < CONNECTIONS:
            await self.turn()
        before = self.site.rendered
        for peer in peers:
            peer.read()
        self.assertLessEqual(self.site.rendered, before + AT_A_TIME)
        for peer in peers:
            for _ in range(2):
                self.assertEqual((await peer.wire.reply()).status, 200)

    async def test_everyone_is_answered(self) -> None:
        """The requests of the attacker, too, and none twice."""
        for peer in self.crowd("/a/b"):
            peer.read()
            self.assertEqual((await peer.wire.reply()).status, 404)
        await self.turn()
        self.assertEqual((self.site.rendered, self.site.in_flight), (CONNECTIONS, 0))

    async def test_connections_that_were_closed_have_no_turn(self) -> None:
        """The attacker leaves behind what it sent."""
        for peer in self.crowd("/a/b"):
            peer.abortConnection()
        for _ in range(3):
            await self.turn()
        self.assertEqual(self.site.in_flight, 0)
        self.assertEqual((await self.as_peer(ATTACKER, "/a/b")).status, 404)
        self.assertLessEqual(self.site.rendered, 4 * AT_A_TIME)
