"""A neighbour who requests large responses: each is written in pieces, between which others are answered."""

from __future__ import annotations

from reqpi.core.limits.limit import Limit
from reqpi.web.http import pace
from reqpi.web.http.bounded_request import BoundedRequest
from tests.attacks.limits_case import OTHER, LimitsCase, Peer

DOCUMENT = b"six==1.0\n" + (b"#" * 99 + b"\n") * 30_000
SIZE = len(DOCUMENT)

_PIECES = 1 << 18
"""Bytes that a connection may have at a time."""


class LargeResponseTests(LimitsCase):
    async def setUp(self) -> None:
        await super().setUp()
        self.site.largest_body = SIZE
        commitment, _ = await self.shelf.commit(DOCUMENT)
        self.path = f"/{commitment.address}/lock"

    async def waiting(self, times: int = 1) -> Peer:
        """A connection on which it was requested, and which is not read."""
        peer = self.peer()
        peer.reads = False
        peer.say(self.request(self.path) * times)
        while not peer.dataBuffer:
            await self.turn()
        return peer

    async def test_a_client_that_reads_nothing_has_a_piece_of_it(self) -> None:
        """To write some megabytes at once takes 2 ms, for each connection of the attacker."""
        self.limit()
        peer = await self.waiting()
        for _ in range(20):
            await self.turn()
        self.assertLess(len(peer.dataBuffer), _PIECES)
        self.assertEqual(self.site.in_flight, 1)

    async def test_a_client_that_reads_gets_all_of_it(self) -> None:
        """Each of several in order, and they are counted and logged as whole."""
        self.limit()
        peer = await self.waiting(3)
        peer.read()
        for _ in range(3):
            reply = await peer.wire.reply()
            self.assertEqual((reply.status, reply.body), (200, DOCUMENT))
        await self.turn()
        [count] = [each for (_, status), each in self.site.counts.responses.items() if status == 200]
        self.assertEqual((count.number, count.size, self.site.counts.cut), (3, 3 * SIZE, 0))
        self.assertEqual((await self.sent(peer, self.path, "HEAD"))["Content-Length"], str(SIZE))
        self.assertEqual((await self.sent(peer, "/a/b")).status, 404)

    async def test_what_is_not_written_yet_counts_as_unread(self) -> None:
        """It is in memory, and may be there for this client alone."""
        limits = self.limit(unread=3 * SIZE)
        first, second = await self.waiting(), await self.waiting()
        self.assertEqual((first.disconnecting, second.disconnecting), (True, False))
        self.assertGreaterEqual(limits.unread.bytes, SIZE)
        second.read()
        self.assertEqual((await second.wire.reply()).body, DOCUMENT)
        self.assertEqual(limits.unread.bytes, 0)

    async def test_a_client_that_reads_nothing_for_a_minute_is_cut(self) -> None:
        """One that is slow has a minute for each piece."""
        self.limit()
        peer = await self.waiting()
        for _ in range(3):
            self.clock.advance(50)
            await self.turn()
            peer.dataBuffer = b""
            peer.channel.resumeProducing()
            self.assertTrue(peer.dataBuffer)
        self.assertFalse(peer.disconnecting)
        self.clock.advance(61)
        await peer.wire.ended
        self.assertEqual(self.site.counts.refusals.get(Limit.UNREAD.reason, 0), 1)
        self.assertEqual((self.site.in_flight, self.clock.getDelayedCalls()), (0, []))

    async def test_a_client_that_leaves_in_the_middle_is_forgotten(self) -> None:
        """Neither a refusal nor a timer is left."""
        self.limit()
        peer = await self.waiting()
        peer.abortConnection()
        await peer.wire.ended
        self.assertEqual((self.site.in_flight, self.site.counts.cut), (0, 1))
        self.assertEqual((self.site.counts.refusals, self.clock.getDelayedCalls()), ({}, []))

    async def test_the_fast_path_passes_them_on(self) -> None:
        """The attacker requests a page that is ready."""
        self.limit()
        path = f"/{self.address}/simple/six/"
        whole = (await self.as_peer(OTHER, path)).body
        self.patch(pace, "_LARGEST_WRITE", len(whole) - 1)
        passed_on: list[bytes] = []
        began = self.site.began

        def noted(request: BoundedRequest) -> None:
            passed_on.append(request.method)
            began(request)

        self.patch(self.site, "began", noted)
        peer = self.peer()
        for method, body in (("GET", whole), ("HEAD", b""), ("GET", whole)):
            self.assertEqual((await self.sent(peer, path, method)).body, body)
            await self.turn()
        self.assertEqual(passed_on, [b"GET", b"GET"])
