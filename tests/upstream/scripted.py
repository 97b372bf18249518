"""A server that answers with the very bytes that a test wrote down, in the test's own reactor."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from attrs import frozen
from twisted.internet import reactor as _reactor
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IListeningPort
from twisted.internet.protocol import Factory, Protocol
from twisted.python.failure import Failure

__all__ = ["Scripted", "Turn", "ok"]

reactor: Any = _reactor


@frozen
class Turn:
    """What one request is answered with, and what becomes of the connection then."""

    data: bytes
    then: Literal["keep", "close", "reset", "flood"] = "keep"


def ok(body: bytes, *headers: str, status: str = "200 OK") -> Turn:
    """An answer in good order."""
    head = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers]
    return Turn("\r\n".join([*head, "", ""]).encode("latin-1") + body)


class Scripted(Factory):
    """Requests are answered in turn, with one of ``turns`` each; the last of them again and again.

    :ivar requests: the heads of all requests, as they came.
    :ivar connections: how many there were.
    :ivar flooded: bytes sent on top by ``flood``, which sends for as long as they are taken.
    """

    noisy = False

    def __init__(self, *turns: Turn) -> None:
        self.turns: Sequence[Turn] = turns
        self.requests: list[str] = []
        self.connections = 0
        self.flooded = 0
        self.open: set[_Connection] = set()
        self._quiet: list[Deferred[None]] = []
        self._port: IListeningPort = reactor.listenTCP(0, self, interface="127.0.0.1")

    @property
    def url(self) -> str:
        """Without a path: ``http://127.0.0.1:40123``."""
        host: Any = self._port.getHost()
        return f"http://127.0.0.1:{host.port}"

    def buildProtocol(self, addr: object) -> Protocol:
        return _Connection(self)

    def header(self, name: str, request: int = -1) -> list[str]:
        """The values that a request had of a header."""
        fields = [line.partition(":") for line in self.requests[request].split("\r\n")[1:]]
        return [value.strip() for found, _, value in fields if found.lower() == name.lower()]

    def quiet(self) -> Deferred[None]:
        """Fires when no connection is open any more."""
        waiting: Deferred[None] = Deferred()
        self._quiet.append(waiting)
        self.changed()
        return waiting

    async def end(self) -> None:
        """Close everything."""
        await _stopped(self._port)
        for connection in list(self.open):
            connection.transport.abortConnection()
        await self.quiet()

    def changed(self) -> None:
        if not self.open:
            waiting, self._quiet = self._quiet, []
            for each in waiting:
                each.callback(None)


class _Connection(Protocol):
    transport: Any

    def __init__(self, script: Scripted) -> None:
        self._script = script
        self._heard = b""

    def connectionMade(self) -> None:
        self._script.open.add(self)
        self._script.connections += 1

    def connectionLost(self, reason: Failure | None = None) -> None:
        self._script.open.discard(self)
        self._script.changed()

    def dataReceived(self, data: bytes) -> None:
        self._heard += data
        while b"\r\n\r\n" in self._heard:
            head, _, self._heard = self._heard.partition(b"\r\n\r\n")
            self._script.requests.append(head.decode("latin-1"))
            self._take(self._script.turns[min(len(self._script.requests), len(self._script.turns)) - 1])

    def _take(self, turn: Turn) -> None:
        self.transport.write(turn.data)
        match turn.then:
            case "close":
                self.transport.loseConnection()
            case "reset":
                # What was written must have left: a reset takes with it what has not.
                reactor.callLater(0.02, self.transport.abortConnection)
            case "flood":
                self.transport.registerProducer(self, False)

    def resumeProducing(self) -> None:
        self._script.flooded += 1 << 16
        self.transport.write(b"x" * (1 << 16))

    def stopProducing(self) -> None:
        """The connection is gone."""


async def _stopped(port: IListeningPort) -> None:
    stopped = port.stopListening()
    if isinstance(stopped, Deferred):
        await stopped
