"""A connection that was closed is freed at once: cycles wait for the collector, and may be left out of its rounds."""

from __future__ import annotations

import gc
from weakref import ref

from tests.attacks.limits_case import LimitsCase


class ConnectionTests(LimitsCase):
    """The collector is off meanwhile."""

    async def test_a_connection_is_no_cycle(self) -> None:
        """It has answered on the fast path, on the ordinary stack, or not at all."""
        self.limit(head=10, body=10)
        gc.disable()
        self.addCleanup(gc.enable)
        for paths in ((f"/{self.address}/simple/six/",) * 2, ("/a/b",), ()):
            peer = self.peer()
            for path in paths:
                await self.sent(peer, path)
            channel = ref(peer.channel)
            peer.abortConnection()
            await peer.wire.ended
            await self.turn()
            self.peers.remove(peer)
            peer.channel = None  # the transport of a test keeps it
            del peer
            self.assertIsNone(channel(), paths)
