"""Requests to a site without a socket: the server's end of a connection is a transport in memory."""

from __future__ import annotations

from typing import Any

from twisted.internet import reactor
from twisted.internet.address import IPv4Address
from twisted.internet.task import Clock, deferLater
from twisted.internet.testing import StringTransport

from reqpi.web.http.site import BoundedSite
from reqpi.web.http.turns import Turns
from tests.web.wire import Reply, Wire

__all__ = ["InMemory"]

PAUSE = 0.001
"""Seconds between two looks at whether the response is there."""


class InMemory(StringTransport):
    """One connection; producers are resumed until they are done."""

    def __init__(self, site: BoundedSite) -> None:
        super().__init__(peerAddress=IPv4Address("TCP", "192.0.2.1", 40000))
        self.site = site
        self.aborted = False
        site.turns = Turns(reactor)  # type: ignore[arg-type]  # the clock of a test stands still meanwhile
        self.channel: Any = site.buildProtocol(None)
        self.channel.makeConnection(self)

    def abortConnection(self) -> None:
        self.aborted = True
        super().abortConnection()

    async def ask(self, path: str, method: str = "GET", body: bytes = b"", **headers: str) -> Reply:
        """Send one request, and return the response."""
        said = {"Host": "index.example.org", "Connection": "close"} | headers
        if body:
            said |= {"Content-Length": str(len(body))}
        lines = "".join(f"{name}: {value}\r\n" for name, value in said.items())
        self.channel.dataReceived(f"{method} {path} HTTP/1.1\r\n{lines}\r\n".encode("latin-1") + body)
        while not (self.disconnecting or self.aborted):
            if isinstance(self.site.clock, Clock):
                self.site.clock.advance(0)  # a site begins few requests in one turn
            pulled = self.producer is not None and self.streaming is False
            if pulled:
                self.producer.resumeProducing()
            # Without a pause, this would take the processor from the threads that it waits for.
            await deferLater(reactor, 0 if pulled else PAUSE)  # type: ignore[arg-type]
        wire = Wire()
        wire.makeConnection(StringTransport())
        wire.dataReceived(self.value())
        wire.connectionLost()
        return await wire.reply(method)
