"""A document that is too large is refused as soon as that is known, and the client gets to read why."""

from __future__ import annotations

from reqpi.web.http.refusal import LINGER
from tests.web.case import LARGEST, WebCase
from tests.web.wire import Reply, Wire


class TooLarge(WebCase):
    async def posting(self, *lines: str) -> Wire:
        """A connection on which a head was sent."""
        wire = await self.wire()
        wire.say("\r\n".join(("POST /locks HTTP/1.1", "Host: x", *lines, "", "")).encode())
        return wire

    async def refusal(self, wire: Wire) -> Reply:
        reply = await wire.reply()
        self.assertEqual((reply.status, reply.reason, reply["Connection"]), (413, "Content Too Large", "close"))
        self.assertIn(str(LARGEST), self.assert_problem(reply, 413)["detail"])
        self.assertEqual(bytes(wire.received), b"")
        return reply

    async def test_a_document_at_the_limit_is_read(self) -> None:
        """The limit is the largest that is taken, by length and by count."""
        document = b"six==1.0\n".ljust(LARGEST, b"\n")
        self.assertEqual((await self.ask("/locks", "POST", document)).status, 201)
        wire = await self.posting("Transfer-Encoding: chunked")
        wire.say(b"%x\r\n%s\r\n0\r\n\r\n" % (LARGEST, document))
        self.assertEqual((await wire.reply()).status, 200)

    async def test_a_length_over_the_limit_is_refused_at_the_head(self) -> None:
        """Not a byte of the body is waited for."""
        for length in (LARGEST + 1, 1 << 40, 10**30):
            await self.refusal(await self.posting(f"Content-Length: {length}"))

    async def test_who_asks_first_is_not_told_to_go_on(self) -> None:
        """The 413 comes in place of the 100 (RFC 9110, section 10.1.1)."""
        await self.refusal(await self.posting(f"Content-Length: {LARGEST + 1}", "Expect: 100-continue"))

    async def test_chunks_are_counted(self) -> None:
        """A body without a length is cut off where it passes the limit."""
        wire = await self.posting("Transfer-Encoding: chunked")
        wire.say(b"%x\r\n%s\r\n" % (LARGEST, b"#" * LARGEST))
        await self.turn()
        self.assertEqual(wire.total, 0)
        wire.say(b"1\r\n#\r\n")
        await self.refusal(wire)

    async def test_a_client_that_keeps_sending_reads_the_refusal_and_is_cut_off(self) -> None:
        """What it sends meanwhile is thrown away, for a moment and not for ever."""
        wire = await self.posting(f"Content-Length: {1 << 40}")
        for _ in range(20):
            wire.say(b"#" * LARGEST)
            await self.turn()
        await self.refusal(wire)
        self.assertFalse(wire.over)
        self.clock.advance(LINGER)
        wire.say(b"#")
        await wire.ended

    async def test_nothing_of_a_refused_body_is_kept(self) -> None:
        """Neither in memory nor as a lock, and the request is not answered twice."""
        wire = await self.posting("Transfer-Encoding: chunked")
        over = LARGEST + 1
        wire.say(b"%x\r\n%s\r\n0\r\n\r\n" % (over, b"six==1.0\n".ljust(over, b"\n")) + self.request("/"))
        await self.refusal(wire)
        for _ in range(20):
            await self.turn()
        self.assertEqual(bytes(wire.received), b"")
        self.assertEqual([name async for name in self.store.names("locks/")], [f"locks/{self.address}"])

    async def test_a_client_that_leaves_after_a_refusal_is_forgotten(self) -> None:
        """Nothing is left that would cut it off."""
        wire = await self.posting(f"Content-Length: {LARGEST + 1}")
        await self.refusal(wire)
        wire.transport.abortConnection()
        await self.site.closed()
        self.assertEqual(self.clock.getDelayedCalls(), [])

    async def test_every_route_has_the_limit(self) -> None:
        """Nobody reads the body of a GET, so nobody need send one."""
        wire = await self.wire()
        wire.say(self.request("/", Content_Length=str(LARGEST + 1)))
        await self.refusal(wire)

    async def test_requests_of_two_minds_are_not_waited_for(self) -> None:
        """Two lengths, or a length and chunks, are how requests are smuggled: an answer or the end, and no hang."""
        for lines in (
            ("Content-Length: 5", "Content-Length: 6"),
            ("Content-Length: 5", "Transfer-Encoding: chunked"),
            ("Transfer-Encoding: chunked", "Content-Length: 5"),
            ("Content-Length: -1",),
            ("Content-Length: 1e3",),
            ("Transfer-Encoding: gzip",),
        ):
            wire = await self.posting(*lines)
            head = await wire.until(lambda wire=wire: wire._head())  # type: ignore[misc]
            self.assertTrue(head.startswith(b"HTTP/1.1 400 Bad Request\r\n"), (lines, head))
            await wire.ended

    async def test_a_head_without_end_is_cut_off(self) -> None:
        """A line, or a number of lines, that nobody needs."""
        for junk in (b"X: " + b"a" * 100_000, b"X: y\r\n" * 5000):
            wire = await self.wire()
            wire.say(b"GET / HTTP/1.1\r\n" + junk)
            await wire.ended
            self.assertIn(bytes(wire.received)[:15], (b"", b"HTTP/1.1 400 Ba"))
