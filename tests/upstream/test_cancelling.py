"""A caller that gives up ends the work at once: no retry, no connection, no timer stays behind."""

from __future__ import annotations

from twisted.internet.defer import CancelledError, Deferred

from reqpi.core.model import Page
from tests.fake_upstream import faults
from tests.upstream.case import UpstreamCase
from tests.upstream.scripted import Turn

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 99\r\n\r\n"


class CancellingTests(UpstreamCase):
    """At every stage of a page and of a file."""

    def cancelled(self, asked: Deferred[object] | Deferred[Page]) -> None:
        """It fails at once, and the clock is free of it."""
        asked.cancel()
        self.failureResultOf(asked, CancelledError)  # type: ignore[arg-type]
        self.assertEqual(self.clock.getDelayedCalls(), [])

    async def test_before_there_is_a_connection(self) -> None:
        """The name is still being looked up, or the connection being made."""
        script = self.scripted(Turn(HEAD))
        self.cancelled(self.page(script.url))
        self.cancelled(Deferred.fromCoroutine(self.index(script.url).open(script.url)))
        self.cancelled(self.page(script.url.replace("127.0.0.1", "localhost")))
        await script.quiet()

    async def test_before_the_head(self) -> None:
        """It is not asked for again, though silence would be."""
        upstream = self.upstream()
        upstream.fail("page", faults.Hang())
        upstream.fail("file", faults.Hang())
        asked = self.page(upstream.url)
        await self.heard(upstream, 1)
        self.cancelled(asked)
        opened = Deferred.fromCoroutine(self.index(upstream.url).open(upstream.file_url(self.thing)))
        await self.heard(upstream, 2)
        self.cancelled(opened)
        self.assertEqual(len(upstream.requests), 2)

    async def test_within_the_body_of_a_page(self) -> None:
        """The connection is cut."""
        script = self.scripted(Turn(HEAD))
        reading = self.clock.set_for(300.0)
        asked = self.page(script.url)
        await reading
        self.cancelled(asked)
        await script.quiet()

    async def test_in_a_pause_between_two_attempts(self) -> None:
        """There is no second one."""
        self.clock.longest = 0
        upstream = self.upstream()
        upstream.fail("page", faults.Reset())
        pausing = self.clock.set_for(0.3)
        asked = self.page(upstream.url)
        await pausing
        self.cancelled(asked)

    async def test_waiting_for_bytes_of_a_file(self) -> None:
        """Who waits gives up waiting, and can still close what was opened, or go on."""
        script = self.scripted(Turn(HEAD))
        transfer = await self.index("http://h/").open(script.url)

        async def take() -> bytes:
            return await anext(aiter(transfer))

        self.cancelled(Deferred.fromCoroutine(take()))
        waiting = Deferred.fromCoroutine(take())
        [connection] = script.open
        connection.transport.write(b"abc")
        self.assertEqual(await waiting, b"abc")
        transfer.close()
        await script.quiet()
