"""A server with limits, and clients of several addresses: the server's ends of their connections are in memory."""

from __future__ import annotations

from typing import Any

from twisted.internet import reactor
from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.error import ConnectionDone
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure

from reqpi.core.limits.limit import Limit
from reqpi.core.limits.rates import read_rate
from reqpi.runtime.counts import ServerCounts
from reqpi.web.http.connections import Connections
from reqpi.web.http.rate_limits import RateLimits
from reqpi.web.http.site import BoundedSite
from reqpi.web.http.site_limits import SiteLimits
from reqpi.web.http.unread import Unread
from reqpi.web.http.uploads import Uploads
from tests.attacks.tokens_case import TokensCase
from tests.web.wire import Reply, Wire

__all__ = ["ATTACKER", "OTHER", "LimitsCase", "Peer"]

ATTACKER = "192.0.2.66"
OTHER = "192.0.2.7"

_RATES = ("requests", "commits", "holds", "sessions")

_HIGH = 1 << 16
"""Bytes after which a transport asks its producer to wait, as Twisted's do."""


class Peer(StringTransport):
    """One connection of a client.

    :ivar wire: what the client gets; its ``over`` says whether the connection was closed.
    :ivar reads: set it to false for a client that reads nothing.
    """

    def __init__(self, site: BoundedSite, host: str) -> None:
        kind = IPv6Address if ":" in host else IPv4Address
        super().__init__(peerAddress=kind("TCP", host, 40000))
        self.wire = Wire()
        self.wire.makeConnection(StringTransport())
        self.reads = True
        self.dataBuffer = b""
        self._ends = False
        self.channel: Any = site.buildProtocol(self.peerAddr)
        self.channel.makeConnection(self)

    def write(self, data: bytes) -> None:
        if self.reads:
            self.wire.dataReceived(data)
            return
        self.dataBuffer += data
        if len(self.dataBuffer) > _HIGH and self.producerState == "producing" and self.producer is not None:
            self.producer.pauseProducing()

    def writeSequence(self, data: Any) -> None:
        self.write(b"".join(data))

    def loseConnection(self) -> None:
        self.disconnecting = True
        if not self.dataBuffer:
            self.abortConnection()

    def abortConnection(self) -> None:
        self.disconnecting = True
        if not self._ends:
            self._ends = True
            reactor.callLater(0, self._lost)  # type: ignore[attr-defined]

    def read(self) -> None:
        """Let the client read what waits for it, and all that comes from now on."""
        waiting, self.dataBuffer, self.reads = self.dataBuffer, b"", True
        self.wire.dataReceived(waiting)
        if self.disconnecting:
            self.abortConnection()
        else:
            self.channel.resumeProducing()

    def _checkState(self) -> None:
        """Allow to pause and resume a closed connection, as real transports do."""

    def _lost(self) -> None:
        if self.producer is not None:
            self.producer.stopProducing()
        self.channel.connectionLost(Failure(ConnectionDone()))
        self.wire.connectionLost()

    def say(self, data: bytes) -> None:
        """Send bytes, if there are any and the connection is open."""
        if data and not self.disconnecting:
            self.channel.dataReceived(data)


class LimitsCase(TokensCase):
    """The server of :class:`~tests.attacks.tokens_case.TokensCase`, with the limits that a test sets."""

    anonymous = "all"

    async def setUp(self) -> None:
        self.peers: list[Peer] = []
        await super().setUp()

    async def tearDown(self) -> None:
        for peer in self.peers:
            peer.abortConnection()
        await self.turn()
        await super().tearDown()

    def limit(self, *, trust_proxy: bool = False, **options: Any) -> SiteLimits:
        """Give the server limits: rates by name, and the other options of the server."""
        rates = {Limit(name): read_rate(options.pop(name)) for name in list(options) if name in _RATES}
        known = {limit: rate for limit, rate in rates.items() if rate is not None}
        self.site.counts = ServerCounts()
        self.site.limits = SiteLimits(
            self.clock.seconds,
            rates=RateLimits(known, self.clock.seconds, trust_proxy=trust_proxy),
            connections=Connections(options.pop("most", 0), options.pop("most_of_client", 0)),
            uploads=Uploads(options.pop("uploads", 0)),
            unread=Unread(options.pop("unread", 0)),
            seconds={Limit.HEAD_TIME: options.pop("head", 0), Limit.BODY_TIME: options.pop("body", 0)},
        )
        self.assertEqual(options, {})
        return self.site.limits

    def peer(self, host: str = ATTACKER) -> Peer:
        """A new connection."""
        self.peers.append(Peer(self.site, host))
        return self.peers[-1]

    async def sent(self, peer: Peer, path: str, method: str = "GET", body: bytes | None = None, **said: str) -> Reply:
        """Send one request on a connection; the response."""
        peer.say(self.request(path, method, body, **said))
        return await peer.wire.reply(method)

    async def as_peer(self, host: str, path: str, method: str = "GET", body: bytes | None = None, **said: str) -> Reply:
        """Send one request on a connection of its own; the response."""
        peer = self.peer(host)
        reply = await self.sent(peer, path, method, body, **said)
        peer.abortConnection()
        return reply

    def assert_refused(self, reply: Reply, limit: Limit, status: int = 429) -> None:
        """It says which limit was reached, and when to try again; and it is counted."""
        problem = self.assert_problem(reply, status)
        self.assertEqual(problem["limit"], str(limit))
        self.assertGreaterEqual(int(reply["Retry-After"] or 0), 1)
        self.assertEqual(reply["Connection"], "close")
        self.assertGreater(self.site.counts.refusals.get(limit.reason, 0), 0)
