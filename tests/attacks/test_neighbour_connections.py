"""A neighbour who opens connections and keeps them."""

from __future__ import annotations

from twisted.internet.defer import Deferred

from reqpi.core.limits.limit import Limit
from reqpi.web.http.refusal import LINGER
from tests.attacks.limits_case import ATTACKER, OTHER, LimitsCase, Peer

PAGE = "/simple/six/"

HALF = b"GET / HTTP/1.1\r\nHost: index.exa"


class ConnectionTests(LimitsCase):
    """The attacker has connections to spare, the server has descriptors for some."""

    def holding(self, count: int, said: bytes = HALF, host: str = ATTACKER) -> list[Peer]:
        """Open connections, and send the same on each."""
        peers = []
        for _ in range(count):
            peers.append(self.peer(host))
            peers[-1].say(said)
        return peers

    async def test_without_a_limit_all_are_kept(self) -> None:
        """Each costs a descriptor, until the store cannot open a file."""
        self.limit()
        peers = self.holding(300)
        await self.turn()
        self.assertFalse([peer for peer in peers if peer.wire.over])
        self.assertEqual(len(self.site.limits.connections), 300)

    async def test_one_client_cannot_have_all_connections(self) -> None:
        """The attacker sends a part of a request on each, and others are served."""
        self.limit(most=20, most_of_client=10)
        peers = self.holding(10)
        refused = self.peer()
        self.assert_refused(await refused.wire.reply(), Limit.CLIENT_CONNECTIONS, 503)
        self.assertEqual((await self.as_peer(OTHER, f"/{self.address}{PAGE}")).status, 200)
        peers[0].abortConnection()
        await self.turn()
        self.assertEqual((await self.as_peer(ATTACKER, f"/{self.address}{PAGE}")).status, 200)

    async def test_a_refused_connection_is_closed_soon(self) -> None:
        """The attacker keeps it, and sends something."""
        self.limit(most=1)
        self.holding(1)
        refused = self.peer(OTHER)
        self.assert_refused(await refused.wire.reply(), Limit.CONNECTIONS, 503)
        refused.say(b"x" * 1000)
        self.clock.advance(LINGER)
        await refused.wire.ended
        self.assertEqual(self.site.limits.connections.refused_open, 0)

    async def test_a_flood_of_refused_connections_is_closed_at_once(self) -> None:
        """The refusals are connections too."""
        self.limit(most=1)
        self.holding(1)
        peers = self.holding(300, b"")
        await self.turn()
        self.assertEqual(self.site.limits.connections.refused_open, 128)
        self.assertEqual(sum(peer.wire.over for peer in peers), 300 - 128)

    async def test_an_idle_connection_is_closed_for_a_new_one(self) -> None:
        """The attacker opens all and sends nothing, or has long been answered."""
        self.limit(most=10)
        answered = self.peer()
        await self.sent(answered, f"/{self.address}{PAGE}")
        idle = self.holding(9, b"")
        for _ in range(10):
            self.assertEqual((await self.as_peer(OTHER, f"/{self.address}{PAGE}")).status, 200)
            await self.turn()
        self.assertTrue([peer for peer in (answered, *idle) if peer.wire.over])
        self.assertEqual(self.site.counts.refusals.get(Limit.CONNECTIONS.reason, 0), 0)

    async def test_a_connection_in_use_is_kept(self) -> None:
        """The attacker wants those of others closed: one that receives a response, and one between two requests."""
        self.limit(most=12, most_of_client=12)
        used = self.peer(OTHER)
        for _ in range(3):
            await self.sent(used, f"/{self.address}{PAGE}")
        asked: Deferred[None] = Deferred()
        answering: Deferred[None] = Deferred()

        async def hold() -> None:
            asked.callback(None)
            await answering

        self.upstream.before["slow"] = hold
        receiving = self.peer(OTHER)
        receiving.say(self.request(f"/{await self.committed('slow==1.0')}/simple/slow/"))
        await asked
        self.holding(10, b"")
        for _ in range(40):
            await self.sent(used, f"/{self.address}{PAGE}")
            self.holding(1, b"")
            await self.turn()
        self.assertFalse(used.wire.over)
        answering.callback(None)
        self.assert_problem(await receiving.wire.reply(), 410)

    async def test_the_oldest_idle_one_of_the_client_itself_is_closed(self) -> None:
        """The attacker reaches its own limit, and others keep theirs."""
        self.limit(most=100, most_of_client=5)
        other = self.peer(OTHER)
        peers = self.holding(30, b"")
        await self.turn()
        self.assertFalse(other.wire.over)
        self.assertEqual([peer.wire.over for peer in peers], [True] * 25 + [False] * 5)
        self.assertEqual(len(self.site.limits.connections), 6)

    async def test_a_network_of_ipv6_is_one_client(self) -> None:
        """The attacker has as many addresses as it wants."""
        self.limit(most=100, most_of_client=5)
        for number in range(5):
            self.holding(1, host=f"2001:db8::{number}")
        refused = self.peer("2001:db8::ffff")
        self.assert_refused(await refused.wire.reply(), Limit.CLIENT_CONNECTIONS, 503)

    async def test_nothing_is_left_of_closed_connections(self) -> None:
        """The attacker opens and closes them, to have something kept of each."""
        limits = self.limit(most=100, most_of_client=50)
        for number in range(200):
            peer = self.holding(1, host=f"192.0.2.{number}")[0]
            peer.abortConnection()
            await self.turn()
        self.assertEqual((len(limits.connections), limits.connections.clients), (0, 0))
