"""Tunnels whose bytes pass unchanged, to the hosts that the user of a run named."""

from __future__ import annotations

from functools import partial
from typing import Any

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IStreamClientEndpoint
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.protocols.policies import TimeoutMixin
from twisted.python.failure import Failure

__all__ = ["RawTunnel"]

_IDLE = 3600
"""Seconds without a byte in either direction."""


class _Far(Protocol):
    """The connection to the host."""

    transport: Any

    def __init__(self, tunnel: RawTunnel) -> None:
        self._tunnel = tunnel

    def dataReceived(self, data: bytes) -> None:
        """Pass bytes on to the child."""
        self._tunnel.from_host(data)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """End the tunnel."""
        self._tunnel.end()


class RawTunnel(Protocol, TimeoutMixin):
    """The connection of the child, once it is a tunnel: each side is read as fast as the other one takes bytes."""

    transport: Any

    def __init__(self, endpoint: IStreamClientEndpoint) -> None:
        self._endpoint = endpoint
        self._far: Any = None
        self._connecting: Deferred[Any] | None = None

    def connectionMade(self) -> None:
        """Connect to the host, and read nothing from the child until then."""
        self.transport.pauseProducing()
        factory = Factory.forProtocol(partial(_Far, self))
        factory.noisy = False
        self._connecting = self._endpoint.connect(factory)
        self._connecting.addCallbacks(self._connected, self._failed)

    def dataReceived(self, data: bytes) -> None:
        """Pass bytes on to the host."""
        self.resetTimeout()
        self._far.transport.write(data)

    def from_host(self, data: bytes) -> None:
        """Pass bytes on to the child."""
        self.resetTimeout()
        self.transport.write(data)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """End the connection to the host."""
        self.setTimeout(None)
        if self._far is not None:
            self._far.transport.loseConnection()
        elif self._connecting is not None:
            self._connecting.cancel()

    def end(self) -> None:
        """End the connection of the child, once it has all bytes."""
        self.transport.unregisterProducer()
        self.transport.loseConnection()

    def timeoutConnection(self) -> None:
        """End a tunnel that no byte has passed for a long time."""
        self.transport.abortConnection()

    def _connected(self, far: Any) -> None:
        self._far = far
        self.transport.registerProducer(far.transport, True)
        far.transport.registerProducer(self.transport, True)
        self.setTimeout(_IDLE)
        self.transport.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        self.transport.resumeProducing()

    def _failed(self, failure: Failure) -> None:
        if failure.check(CancelledError):
            return
        reason = failure.getErrorMessage().encode("ascii", "replace").split(b"\n")[0][:200]
        body = b"%s\n" % reason
        self.transport.write(b"HTTP/1.1 502 not reached\r\nContent-Type: text/plain\r\n")
        self.transport.write(b"Content-Length: %d\r\nConnection: close\r\n\r\n%s" % (len(body), body))
        self.transport.loseConnection()
