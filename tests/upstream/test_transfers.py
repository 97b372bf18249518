"""A transfer is paced by who takes it, ends when it is closed, and never passes off a part as the whole."""

from __future__ import annotations

from typing import Any

from twisted.internet import reactor as _reactor
from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater

from reqpi.core.interfaces import Transfer
from tests.fake_upstream import faults
from tests.upstream.case import UpstreamCase
from tests.upstream.scripted import Scripted, Turn, ok

reactor: Any = _reactor
HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n"


def following(transfer: Transfer) -> Deferred[bytes]:
    """The next bytes."""

    async def take() -> bytes:
        return await anext(aiter(transfer))

    return Deferred.fromCoroutine(take())


async def taken(transfer: Transfer) -> bytes:
    return b"".join([piece async for piece in transfer])


class TransferCase(UpstreamCase):
    """Transfers of files that have no index."""

    async def opened(self, *turns: Turn) -> tuple[Scripted, Transfer]:
        script = self.scripted(*turns)
        return script, await self.index("http://h/").open(script.url)


class PaceTests(TransferCase):
    """Slow takers."""

    async def test_who_takes_nothing_is_sent_little(self) -> None:
        """About a megabyte here; the rest fills the system's own buffers, and then the upstream waits."""
        script, transfer = await self.opened(Turn(HEAD, "flood"))
        await self._still(script)
        waiting = len(await following(transfer))
        self.assertGreaterEqual(waiting, 1 << 20)
        self.assertLess(waiting, 2 << 20)
        transfer.close()

    async def test_taking_lets_more_come(self) -> None:
        """Over and over, once it has come to a halt."""
        script, transfer = await self.opened(Turn(HEAD, "flood"))
        await self._still(script)
        size = 0
        while size < 64 << 20:
            size += len(await following(transfer))
        transfer.close()
        await script.quiet()

    async def _still(self, script: Scripted) -> None:
        """Wait until the server has not been able to send for many turns of the reactor."""
        before, turns = -1, 0
        while turns < 50:
            turns = turns + 1 if script.flooded == before else 0
            before = script.flooded
            await deferLater(reactor, 0)


class CloseTests(TransferCase):
    """Enough."""

    async def test_closing_in_the_middle_ends_the_connection(self) -> None:
        """At once, and once: whether bytes are awaited, wait here, or are held up."""
        for turn in (Turn(HEAD), Turn(HEAD + b"abc"), Turn(HEAD, "flood")):
            script, transfer = await self.opened(turn)
            transfer.close()
            transfer.close()
            await script.quiet()

    async def test_a_closed_transfer_does_not_look_like_a_whole_one(self) -> None:
        """A reader gets an error, now and later."""
        script, transfer = await self.opened(Turn(HEAD))
        waiting = following(transfer)
        transfer.close()
        self.assertIn("closed", (await self.trouble(waiting)).title)
        await script.quiet()
        self.assertIn("closed", (await self.trouble(taken(transfer))).title)

    async def test_closing_after_the_end_keeps_the_connection(self) -> None:
        """The next file comes over it."""
        script, transfer = await self.opened(ok(b"abc"))
        self.assertEqual(await taken(transfer), b"abc")
        transfer.close()
        await taken(await self.index("http://h/").open(script.url))
        self.assertEqual(script.connections, 1)


class ShortTests(TransferCase):
    """Files that break off."""

    async def test_bytes_that_came_are_given_before_the_trouble(self) -> None:
        """They need not be fetched again. The trouble stays, however often it is asked."""
        upstream = self.upstream()
        for fault in (faults.ShortBody(50), faults.ShortChunked(50), faults.Reset(50)):
            upstream.fail("file", fault)
            transfer = await self.index(upstream.url).open(upstream.file_url(self.thing))
            data = b""
            try:
                while True:
                    data += await following(transfer)
            except Exception as error:
                first = error
            self.assertIn("failed", str(first))
            if not isinstance(fault, faults.Reset):
                self.assertEqual(data, self.thing.content[:50])
            self.assertIn("failed", (await self.trouble(taken(transfer))).title)

    async def test_a_stall_ends_it(self) -> None:
        """After 30 s without a byte; and the connection too."""
        script, transfer = await self.opened(Turn(HEAD + b"abc"))
        self.assertEqual(await following(transfer), b"abc")
        waiting = following(transfer)
        self.clock.advance(29)
        self.assertNoResult(waiting)
        self.clock.advance(1)
        self.assertIn("stalled", (await self.trouble(waiting)).title)
        await script.quiet()
        self.assertIn("stalled", (await self.trouble(taken(transfer))).title)

    async def test_a_slow_taker_is_no_stall(self) -> None:
        """Only the silence of the upstream counts, while a reader waits."""
        _, transfer = await self.opened(ok(b"abc"))
        self.clock.advance(1000)
        self.assertEqual(await taken(transfer), b"abc")


class DismissedTests(UpstreamCase):
    """Bodies of answers that are of no use."""

    async def test_a_long_one_is_not_read(self) -> None:
        """An error page without end is cut off."""
        script = self.scripted(Turn(b"HTTP/1.1 404 No\r\nContent-Length: 1000000000\r\n\r\n", "flood"))
        await self.trouble(self.index("http://h/").open(script.url))
        await script.quiet()
        self.assertLess(script.flooded, 16 << 20)

    async def test_one_that_never_ends_is_cut_off(self) -> None:
        """After 10 s."""
        script = self.scripted(Turn(b"HTTP/1.1 404 No\r\nContent-Length: 10\r\n\r\nabc"))
        await self.trouble(self.index("http://h/").open(script.url))
        self.clock.advance(10)
        await script.quiet()

    async def test_a_short_one_costs_no_connection(self) -> None:
        """A wheel without a metadata file is no reason to connect anew."""
        script = self.scripted(ok(b"not here", status="404 No"), ok(b"abc"))
        index = self.index("http://h/")
        await self.trouble(index.open(script.url))
        await deferLater(reactor, 0)  # the body came together with its head, and is read after it
        await taken(await index.open(script.url))
        self.assertEqual(script.connections, 1)
