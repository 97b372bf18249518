"""What a server that stops waits for: the requests in flight, and nothing else."""

from __future__ import annotations

from twisted.internet.defer import Deferred

from tests.web.case import WebCase


class Drained(WebCase):
    async def setUp(self) -> None:
        await super().setUp()
        self.held: list[Deferred[None]] = []
        self.asked: Deferred[None] = Deferred()
        self.upstream.before["six"] = self.hold

    async def hold(self) -> None:
        self.held.append(Deferred())
        if not self.asked.called:
            self.asked.callback(None)
        await self.held[-1]

    async def test_a_server_that_nobody_asks_is_drained(self) -> None:
        """Connections that are merely open do not keep it, nor does one with half a request."""
        self.assertTrue(self.site.drained().called)
        wire = await self.wire()
        wire.say(b"POST /locks HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nsix")
        await self.ask("/a/b")
        self.assertTrue(self.site.drained().called)

    async def test_it_is_drained_once_every_answer_is_written(self) -> None:
        """Those who wait for upstream get theirs."""
        wires = [await self.wire() for _ in range(3)]
        for wire in wires:
            wire.say(self.request(f"/{self.address}/simple/six/"))
        await self.asked
        first, second = self.site.drained(), self.site.drained()
        await self.turn()
        self.assertFalse(first.called)
        for held in self.held:
            held.callback(None)
        for wire in wires:
            self.assertEqual((await wire.reply()).status, 200)
        await first
        await second

    async def test_a_client_that_is_gone_is_not_waited_for(self) -> None:
        """Nobody would read its answer."""
        wire = await self.wire()
        wire.say(self.request(f"/{self.address}/simple/six/"))
        await self.asked
        drained = self.site.drained()
        wire.transport.abortConnection()
        await drained
        self.held[0].callback(None)
        self.assertEqual(self.flushLoggedErrors(), [])
