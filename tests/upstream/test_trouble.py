"""Whatever goes wrong with an upstream is an UpstreamTrouble, soon enough, and never half a page."""

from __future__ import annotations

import socket

from twisted.internet.defer import Deferred

from reqpi.core.errors import HostUnreachable
from reqpi.upstream import documents
from tests.fake_upstream import faults
from tests.upstream.case import UpstreamCase
from tests.upstream.scripted import Turn

HTML = "Content-Type: text/html"
LINK = b'<a href="thing-1.0-py3-none-any.whl">thing-1.0-py3-none-any.whl</a>'


class BrokenTests(UpstreamCase):
    """Connections that break off."""

    async def test_an_upstream_that_is_not_there_cannot_be_reached(self) -> None:
        """Nothing listens on the port."""
        with socket.socket() as unused:
            unused.bind(("127.0.0.1", 0))
            url = f"http://127.0.0.1:{unused.getsockname()[1]}/simple/"
            trouble = await self.trouble(self.page(url))
        self.assertIn("cannot be reached", trouble.title)
        self.assertIsInstance(trouble, HostUnreachable)
        self.assertFalse(trouble.final)

    async def test_a_host_that_has_no_address_cannot_be_reached(self) -> None:
        """``.invalid`` never has one (RFC 2606)."""
        trouble = await self.trouble(self.page("http://index.invalid/simple/"))
        self.assertIn("index.invalid cannot be reached", trouble.title)
        self.assertIsInstance(trouble, HostUnreachable)

    async def test_a_reset_is_trouble_at_every_stage(self) -> None:
        """Before the head, within it, and within the body."""
        upstream = self.upstream()
        for fault in (faults.Reset(), faults.Reset(0), faults.Reset(30)):
            upstream.fail("page", fault)
            self.assertFalse((await self.trouble(self.page(upstream.url))).final)
        script = self.scripted(Turn(b"HTTP/1.1 200 OK\r\nContent-Ty", then="reset"))
        self.assertIn("failed", (await self.trouble(self.page(script.url))).title)

    async def test_a_body_that_is_shorter_than_was_promised_is_no_page(self) -> None:
        """By its length, or without its last chunk; HTML that is cut off can be read, and would be a page."""
        script = self.scripted(
            Turn(f"HTTP/1.1 200 OK\r\n{HTML}\r\nContent-Length: 999\r\n\r\n".encode() + LINK, "close")
        )
        self.assertIn("failed", (await self.trouble(self.page(script.url))).title)
        chunk = b"%x\r\n%s\r\n" % (len(LINK), LINK)
        script = self.scripted(
            Turn(f"HTTP/1.1 200 OK\r\n{HTML}\r\nTransfer-Encoding: chunked\r\n\r\n".encode() + chunk, "close")
        )
        self.assertIn("failed", (await self.trouble(self.page(script.url))).title)

    async def test_heads_that_are_none_are_trouble(self) -> None:
        """Another protocol, no status, two lengths, an unknown transfer coding, a line without end."""
        for data in (
            b"SSH-2.0-OpenSSH_9.9\r\n",
            b"\r\n\r\n",
            b"HTTP/1.1 two OK\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
            b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\nab",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: zip\r\n\r\nab",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
            b"HTTP/1.1 200 OK\r\nX: " + b"x" * 100_000,
        ):
            script = self.scripted(Turn(data, "close"))
            trouble = await self.trouble(self.page(script.url))
            self.assertLess(len(trouble.detail), 600, data)


class SlowTests(UpstreamCase):
    """Time-outs, of which each attempt has its own."""

    async def test_an_upstream_that_never_answers_is_given_up(self) -> None:
        """After 30 s, three times."""
        upstream = self.upstream()
        upstream.fail("page", faults.Hang())
        asked = self.page(upstream.url)
        for number in (1, 2, 3):
            await self.heard(upstream, number)
            self.clock.advance(29)
            self.assertNoResult(asked)
            self.clock.advance(2)
        trouble = await self.trouble(asked)
        self.assertIn("does not answer", trouble.title)
        self.assertIn("30 s", trouble.detail)

    async def test_a_body_that_stalls_is_given_up(self) -> None:
        """After 30 s without a byte, three times."""
        upstream = self.upstream()
        upstream.fail("page", faults.Hang(after=0))
        asked: Deferred[object] | None = None
        for number in (1, 2, 3):
            reading = self.clock.set_for(300.0)
            asked = asked or self.page(upstream.url)
            await reading
            self.assertEqual(len(upstream.requests), number)
            self.clock.advance(29)
            self.assertNoResult(asked)
            self.clock.advance(2)
        assert asked is not None
        self.assertIn("stalled", (await self.trouble(asked)).title)

    async def test_a_page_that_drips_is_given_up(self) -> None:
        """A byte every 29 s is no stall, but after 300 s a page has had its time."""
        self.patch(documents, "_PAUSES", ())
        script = self.scripted(Turn(f"HTTP/1.1 200 OK\r\n{HTML}\r\nContent-Length: 9999\r\n\r\n".encode()))
        reading = self.clock.set_for(300.0)
        asked = self.page(script.url)
        await reading
        [connection] = script.open
        for _ in range(10):
            self.clock.advance(29)
            self.assertNoResult(asked)
            waiting = self.clock.set_for(30.0)
            connection.transport.write(b"<")
            await waiting
        self.clock.advance(10)
        self.assertIn("too slow", (await self.trouble(asked)).title)
        await script.quiet()


class LargeTests(UpstreamCase):
    """Pages without end."""

    async def test_a_page_beyond_the_limit_is_cut_off(self) -> None:
        """With a length and without; and once is enough to know."""
        self.patch(documents, "_LARGEST_PAGE", 1 << 20)
        for length in (None, 1 << 40):
            upstream = self.upstream()
            upstream.fail("page", faults.Endless(length))
            trouble = await self.trouble(self.page(upstream.url))
            self.assertIn("too much", trouble.title)
            self.assertTrue(trouble.final)
            self.assertEqual(len(upstream.requests), 1)
