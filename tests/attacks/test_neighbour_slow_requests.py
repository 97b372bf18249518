"""A neighbour whose requests never end: a byte now and then."""

from __future__ import annotations

from twisted.internet.defer import Deferred

from reqpi.core.limits.limit import Limit
from tests.attacks.limits_case import OTHER, LimitsCase, Peer

LOCK = b"six==1.0\n"


class SlowTests(LimitsCase):
    """Twisted ends a connection on which nothing comes for a minute. The attacker sends a byte each ten seconds."""

    def drip(self, peer: Peer, seconds: int, byte: bytes = b"x") -> None:
        """Send a byte each ten seconds."""
        for _ in range(seconds // 10):
            peer.say(byte)
            self.clock.advance(10)

    async def assert_too_slow(self, peer: Peer, limit: Limit) -> None:
        reply = await peer.wire.reply()
        self.assertEqual(self.assert_problem(reply, 408)["limit"], str(limit))
        await peer.wire.ended
        self.assertEqual(self.site.counts.refusals.get(limit.reason, 0), 1)
        self.assertEqual(len(self.site.limits.connections), 0)

    async def test_without_a_limit_the_connection_is_kept(self) -> None:
        """An hour for a head, or for a body."""
        for said in (b"GET / HTTP/1.1\r\nX: ", self.request("/locks", "POST", Content_Length="9000")):
            peer = self.peer()
            peer.say(said)
            self.drip(peer, 3600)
            await self.turn()
            self.assertFalse(peer.wire.over)

    async def test_a_slow_head_is_refused(self) -> None:
        """In its first line, in its fields, after a complete request, and behind one that came with it."""
        begun = (b"", b"GET", b"GET / HTTP/1.1\r\nHo", self.request("/a/b") + b"GET /", b"\r\n")
        for said in begun:
            self.limit(head=20, body=60)
            peer = self.peer()
            peer.say(said)
            await self.turn()
            if said.startswith(b"GET /a/b"):
                self.assert_problem(await peer.wire.reply(), 404)
            self.drip(peer, 30)
            await self.assert_too_slow(peer, Limit.HEAD_TIME)

    async def test_a_slow_body_is_refused(self) -> None:
        """With a length, and in chunks of one byte."""
        for said, byte in (({"Content_Length": "9000"}, b"x"), ({"Transfer_Encoding": "chunked"}, b"1\r\nx\r\n")):
            self.limit(head=20, body=60)
            peer = self.peer()
            peer.say(self.request("/locks", "POST", **said))
            self.drip(peer, 50, byte)
            self.assertFalse(peer.disconnecting)
            self.drip(peer, 20, byte)
            await self.assert_too_slow(peer, Limit.BODY_TIME)

    async def test_head_and_body_have_times_of_their_own(self) -> None:
        """A client that needs nearly all of both is served, and its next request begins anew."""
        self.limit(head=20, body=60)
        peer = self.peer(OTHER)
        for _ in range(3):
            request = self.request("/locks", "POST", LOCK)
            peer.say(request[:5])
            self.clock.advance(19)
            peer.say(request[5:-5])
            self.clock.advance(59)
            peer.say(request[-5:])
            self.assertEqual((await peer.wire.reply()).status, 200)
            self.clock.advance(30)
        self.assertFalse(peer.disconnecting)

    async def test_the_next_head_has_a_time_of_its_own(self) -> None:
        """It begins in the same piece in which the head before it ends, which took nearly all of its time."""
        self.limit(head=20, body=60)
        peer = self.peer(OTHER)
        peer.say(b"GET /a/b HT")
        for _ in range(3):
            self.clock.advance(19)
            peer.say(b"TP/1.1\r\nHost: x\r\n\r\nGET /a/b HT")
            self.assertEqual((await peer.wire.reply()).status, 404)
        self.assertFalse(peer.disconnecting)
        self.clock.advance(20)
        await self.assert_too_slow(peer, Limit.HEAD_TIME)

    async def test_the_time_of_a_response_does_not_count(self) -> None:
        """A client waits for its answer for as long as that takes, with part of its next request sent."""
        self.limit(head=20, body=60)
        asked: Deferred[None] = Deferred()
        answering: Deferred[None] = Deferred()

        async def hold() -> None:
            asked.callback(None)
            await answering

        self.upstream.before["six"] = hold
        peer = self.peer(OTHER)
        peer.say(self.request(f"/{self.address}/simple/six/") + b"GET / HT")
        await asked
        self.clock.advance(100)
        answering.callback(None)
        await peer.wire.reply()
        peer.say(b"TP/1.1\r\nHost: x\r\n\r\n")
        self.assertEqual((await peer.wire.reply()).status, 200)
        self.assertFalse(peer.disconnecting)

    async def test_an_idle_connection_has_the_usual_time(self) -> None:
        """No byte of a request has come."""
        self.limit(head=20, body=60)
        peer = self.peer(OTHER)
        self.clock.advance(50)
        self.assertEqual((await self.sent(peer, "/a/b")).status, 404)
        self.clock.advance(50)
        self.assertEqual((await self.sent(peer, "/a/b")).status, 404)
        self.clock.advance(61)
        await peer.wire.ended

    async def test_no_timer_is_left(self) -> None:
        """The attacker leaves in the middle."""
        self.limit(head=20, body=60)
        for said in (b"GET", self.request("/locks", "POST", Content_Length="9000")):
            peer = self.peer()
            peer.say(said)
            peer.abortConnection()
            await self.turn()
        self.assertEqual(self.clock.getDelayedCalls(), [])
