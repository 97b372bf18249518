"""A connection that was closed is freed at once: cycles wait for the collector, and may be left out of its rounds."""

from __future__ import annotations

import gc
from weakref import ref

from twisted.internet import reactor

from reqpi.web.http.site import BoundedSite
from reqpi.web.http.turns import Turns
from tests.attacks.limits_case import OTHER, LimitsCase, Peer


class ConnectionTests(LimitsCase):
    """The collector is off meanwhile."""

    async def test_a_connection_is_no_cycle(self) -> None:
        """It has answered on the fast path, on the ordinary stack, or not at all."""
        site = BoundedSite(self.made_root(), self.clock, 1 << 16, self.ready_answers, limits=self.limit(head=9, body=9))
        site.turns = Turns(reactor)  # type: ignore[arg-type]
        gc.disable()
        self.addCleanup(gc.enable)
        for paths in ((f"/{self.address}/simple/six/",) * 2, ("/a/b",), ()):
            peer = Peer(site, OTHER)
            for path in paths:
                await self.sent(peer, path)
            channel = ref(peer.channel)
            peer.abortConnection()
            await peer.wire.ended
            await self.turn()
            peer.channel = peer.producer = None  # the transport of a test keeps both
            del peer
            self.assertIsNone(channel(), paths)
