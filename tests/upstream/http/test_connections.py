"""Connections are reused, and one that was closed meanwhile causes no failure."""

from __future__ import annotations

from typing import Any

from twisted.internet import reactor as _reactor
from twisted.internet.defer import gatherResults
from twisted.internet.task import deferLater

from tests.upstream.case import UpstreamCase
from tests.upstream.scripted import Turn, ok

reactor: Any = _reactor
PAGE = ok(b"<title>Links for thing</title>", "Content-Type: text/html")


class KeptTests(UpstreamCase):
    """Keep-alive."""

    async def test_one_connection_serves_one_request_after_another(self) -> None:
        """Pages and files alike."""
        script = self.scripted(PAGE)
        for _ in range(5):
            await self.page(script.url)
            async for _ in await self.index("http://h/").open(script.url):
                pass
        self.assertEqual((len(script.requests), script.connections), (10, 1))

    async def test_many_at_once_are_all_kept(self) -> None:
        """A lock is frozen many pages at a time."""
        script = self.scripted(PAGE)
        for _ in range(3):
            await gatherResults([self.page(script.url) for _ in range(30)])
        self.assertEqual(script.connections, 30)

    async def test_a_connection_that_was_closed_meanwhile_is_replaced(self) -> None:
        """Whether that is known already or not: an upstream closes idle connections when it pleases."""
        script = self.scripted(PAGE)
        await self.page(script.url)
        for connection in list(script.open):
            connection.transport.loseConnection()
        await script.quiet()
        await self.page(script.url)
        self.assertEqual((len(script.requests), script.connections), (2, 2))

    async def test_a_request_that_crosses_a_close_is_sent_again(self) -> None:
        """The upstream had closed before it read it."""
        script = self.scripted(PAGE, Turn(b"", "close"), PAGE)
        await self.page(script.url)
        await self.page(script.url)
        self.assertEqual((len(script.requests), script.connections), (3, 2))
        self.assertEqual(self.clock.pauses, [])

    async def test_what_comes_unasked_is_not_taken_for_an_answer(self) -> None:
        """An answer too many must not become that of the next request."""
        for gap in (False, True):
            script = self.scripted(PAGE, ok(b"<a href=x-1.tar.gz>x-1.tar.gz</a>", "Content-Type: text/html"))
            if not gap:
                script.turns = [Turn(PAGE.data * 2), script.turns[1]]
            await self.page(script.url)
            if gap:
                [connection] = script.open
                connection.transport.write(PAGE.data)
                for _ in range(10):
                    await deferLater(reactor, 0)
            self.assertEqual(len((await self.page(script.url, "x")).files), 1)

    async def test_an_agent_that_is_closed_leaves_nothing_open(self) -> None:
        """For a clean end."""
        script = self.scripted(PAGE)
        await gatherResults([self.page(script.url) for _ in range(3)])
        await self.agent.close()
        await script.quiet()


class LoopTests(UpstreamCase):
    """The reactor goes on."""

    async def test_a_large_page_is_read_while_the_reactor_turns(self) -> None:
        """12,000 files take a third of a second, in which all others are served."""
        links = b"".join(b'<a href="x-1.%d.tar.gz#sha256=%064d">x-1.%d.tar.gz</a>\n' % (n, n, n) for n in range(12_000))
        script = self.scripted(ok(links, "Content-Type: text/html"))
        turns, reading = 0, self.page(script.url, "x")
        while not reading.called:
            await deferLater(reactor, 0.001)
            turns += 1
        self.assertEqual(len((await reading).files), 12_000)
        self.assertGreater(turns, 10)
