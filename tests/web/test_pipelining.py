"""Requests that are sent before the answers are read: answered in order, and no faster than the client reads."""

from __future__ import annotations

from typing import Any

from twisted.web.server import Request

from tests.web.case import WatchedSite, WebCase

REQUESTS = 100

DOCUMENT = b"six==1.0\n" + b"# a comment of which there are many\n" * 30_000


class CountingSite(WatchedSite):
    """It counts the requests that were begun and those that were answered."""

    begun = 0
    answered = 0

    def began(self, request: Request) -> None:
        super().began(request)
        self.begun += 1
        request.notifyFinish().addCallbacks(self._one_more, lambda _: None)

    def _one_more(self, _: Any) -> None:
        self.answered += 1


class Pipelining(WebCase):
    site: CountingSite
    make_site = CountingSite

    async def asked(self) -> Any:
        """A connection on which a megabyte was asked for a hundred times, and which is not read from."""
        commitment, _ = await self.shelf.commit(DOCUMENT)
        await self.ask(f"/{commitment.address}/lock")
        self.site.answered = 0
        wire = await self.wire()
        wire.transport.pauseProducing()
        wire.say(self.request(f"/{commitment.address}/lock") * REQUESTS)
        for _ in range(300):
            await self.turn()
        return wire

    async def test_answers_that_nobody_reads_are_not_piled_up(self) -> None:
        """A few kilobytes of requests must not become a hundred megabytes of answers in memory."""
        wire = await self.asked()
        self.assertLess(self.site.answered, 30)
        wire.transport.resumeProducing()
        for _ in range(REQUESTS):
            self.assertEqual(len((await wire.reply()).body), len(DOCUMENT))
        self.assertEqual(self.site.answered, REQUESTS)

    async def test_a_client_that_leaves_before_its_turn_is_forgotten(self) -> None:
        """What waited for it is in flight no more."""
        wire = await self.asked()
        wire.transport.abortConnection()
        await self.site.closed()
        await self.site.drained()
        self.assertEqual(self.flushLoggedErrors(), [])

    async def test_small_answers_come_in_order(self) -> None:
        """As many as were asked for, each to its own request."""
        wire = await self.wire()
        wire.say(b"".join(self.request(f"/{number:08}{'0' * 56}/lock") for number in range(200)))
        for number in range(200):
            self.assert_problem(await wire.reply(), 410, f"no lock has the address {number:08}")
