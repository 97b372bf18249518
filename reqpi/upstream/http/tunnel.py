"""Connections to a proxy, and tunnels through it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectError, ConnectionClosed, DNSLookupError, TimeoutError
from twisted.internet.interfaces import (
    IDelayedCall,
    IHandshakeListener,
    IProtocol,
    IProtocolFactory,
    IReactorTime,
    IStreamClientEndpoint,
)
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.python.failure import Failure
from zope.interface import implementer

from reqpi.core.proxies import Proxy
from reqpi.upstream.http.circuit_breaker import UNREACHED
from reqpi.upstream.http.proxy import ProxyTrouble, connect_request, not_http, trouble_of
from reqpi.upstream.http.reasons import reasons_of
from reqpi.upstream.http.untrusted import advice_on, untrusted_cause

__all__ = ["ToProxy", "Tunnel"]

_ANSWER = 20.0
"""Seconds for a proxy to answer a request for a tunnel, or to complete a handshake. It may wait for a dead host."""

_HEAD = 16 << 10
"""The most bytes that the head of such a response may have."""


@implementer(IStreamClientEndpoint)
class ToProxy:
    """The endpoint of a proxy. Over TLS it is connected once the handshake is complete. Each failure names the proxy.

    :param endpoint: of the proxy, TLS included.
    """

    def __init__(self, proxy: Proxy, endpoint: IStreamClientEndpoint, clock: IReactorTime) -> None:
        self.proxy = proxy
        self.clock = clock
        self._endpoint = endpoint

    def connect(self, protocolFactory: IProtocolFactory) -> Deferred[IProtocol]:
        """See :class:`twisted.internet.interfaces.IStreamClientEndpoint`."""
        if self.proxy.scheme == "http":
            return self.reach(protocolFactory)
        return self.passing(partial(_Handshake, self.proxy, self.clock, protocolFactory))

    def reach(self, factory: IProtocolFactory) -> Deferred[IProtocol]:
        """Connect without waiting for a handshake."""
        connected: Deferred[IProtocol] = self._endpoint.connect(factory)
        return connected.addErrback(self._explain)

    def passing(self, gate: Callable[[], _Gate]) -> Deferred[IProtocol]:
        """Connect, and wait until a gate is open.

        :param gate: makes a gate.
        """
        # If two addresses are tried, both may connect: the gate to use is the one that this fires with.
        reached: Deferred[Any] = self.reach(Factory.forProtocol(gate))
        return reached.addCallback(lambda made: made.begin())

    def _explain(self, failure: Failure) -> Failure:
        if not failure.check(ConnectError, ConnectionClosed, DNSLookupError, TimeoutError):
            return failure
        raise _unreachable(self.proxy, str(failure.value), slow=failure.check(*UNREACHED) is not None)


@implementer(IStreamClientEndpoint)
class Tunnel:
    """The endpoint of a host behind a proxy, which is asked for a tunnel with CONNECT.

    :param host: without brackets.
    """

    def __init__(self, way: ToProxy, host: str, port: int) -> None:
        self._way = way
        self._host = host
        self._port = port

    def connect(self, protocolFactory: IProtocolFactory) -> Deferred[IProtocol]:
        """See :class:`twisted.internet.interfaces.IStreamClientEndpoint`."""
        where = (self._host, self._port)
        return self._way.passing(partial(_Connect, self._way.proxy, self._way.clock, protocolFactory, *where))


class _Gate(Protocol):
    """A protocol in front of another one: it waits until the way is open, and then passes everything on."""

    transport: Any

    def __init__(self, proxy: Proxy, clock: IReactorTime, factory: IProtocolFactory) -> None:
        self._proxy = proxy
        self._clock = clock
        self._factory = factory
        self._behind: Any = None
        self._late: IDelayedCall | None = None
        self._outcome: Deferred[IProtocol] = Deferred(lambda _: self._end())

    def begin(self) -> Deferred[IProtocol]:
        """Ask to be let through. The result fires with the protocol behind, once it is connected."""
        self._late = self._clock.callLater(_ANSWER, self._fail_late)
        return self._outcome

    def dataReceived(self, data: bytes) -> None:
        """Pass bytes on to the protocol behind."""
        if self._behind is not None:
            self._behind.dataReceived(data)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Pass the end on to the protocol behind, or end the attempt."""
        if self._behind is not None:
            self._behind.connectionLost(reason)
        elif self._late is not None:  # otherwise another address was faster, and this gate is not used
            self.fail(self.lost(reason))

    def lost(self, reason: Failure) -> ProxyTrouble:
        """Return why the connection is lost."""
        cause = untrusted_cause(reason)
        if cause is not None:
            return _unreachable(self._proxy, f"Its certificate is not trusted: {cause.words}. {advice_on(cause)}")
        return _unreachable(self._proxy, f"{reasons_of(reason)}.")

    def open(self) -> None:
        """Connect the protocol behind, unless the attempt was given up."""
        if self._outcome.called:
            return
        self._stop_waiting()
        self._behind = self._factory.buildProtocol(self.transport.getPeer())
        self._behind.makeConnection(self.transport)
        self._outcome.callback(self._behind)

    def fail(self, trouble: ProxyTrouble) -> None:
        """End the attempt. Repeated calls do nothing."""
        if not self._outcome.called:
            self._outcome.errback(trouble)
            self._end()

    def _end(self) -> None:
        self._stop_waiting()
        self.transport.abortConnection()

    def _stop_waiting(self) -> None:
        if self._late is not None and self._late.active():
            self._late.cancel()

    def _fail_late(self) -> None:
        detail = f"No response within {_ANSWER:g} s."
        self.fail(ProxyTrouble(f"the proxy {self._proxy.url} does not answer", detail, slow=True))


@implementer(IHandshakeListener)
class _Handshake(_Gate):
    """A gate that opens once TLS with the proxy is established."""

    def handshakeCompleted(self) -> None:
        """See :class:`twisted.internet.interfaces.IHandshakeListener`."""
        self.open()


class _Connect(_Gate):
    """A gate that opens once the proxy has made a tunnel."""

    def __init__(self, proxy: Proxy, clock: IReactorTime, factory: IProtocolFactory, host: str, port: int) -> None:
        super().__init__(proxy, clock, factory)
        self._host = host
        self._port = port
        self._heard = b""

    def begin(self) -> Deferred[IProtocol]:
        """Ask for the tunnel."""
        self.transport.write(connect_request(self._proxy, self._host, self._port))
        return super().begin()

    def dataReceived(self, data: bytes) -> None:
        """Read the response of the proxy, or pass bytes on to the protocol behind."""
        if self._behind is not None or self._outcome.called:
            super().dataReceived(data)
            return
        self._heard += data
        head, end, rest = self._heard.partition(b"\r\n\r\n")
        if end:
            trouble = trouble_of(head, rest, self._proxy, self._host, self._port)
            self.open() if trouble is None else self.fail(trouble)
        elif len(self._heard) > _HEAD or self._heard[:5] != b"HTTP/"[: len(self._heard)]:
            self.fail(not_http(self._proxy))

    def lost(self, reason: Failure) -> ProxyTrouble:
        """Return why there is no tunnel."""
        if not reason.check(ConnectionClosed):
            return super().lost(reason)  # TLS with the proxy
        title = f"the proxy {self._proxy.url} closed the connection"
        return ProxyTrouble(title, f"It did not answer the request for a tunnel to {self._host}.")


def _unreachable(proxy: Proxy, detail: str, slow: bool = False) -> ProxyTrouble:
    return ProxyTrouble(f"the proxy {proxy.url} cannot be reached", detail, slow=slow)
