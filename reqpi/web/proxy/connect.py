"""Connections to the proxy: ``CONNECT`` is answered with TLS that ends here, and anything else is a plain request.

No connection to another host is opened for the child, unless the user named the host: each request is answered from
the shelf.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from attrs import frozen
from OpenSSL import SSL
from twisted.internet.interfaces import (
    IAddress,
    IDelayedCall,
    IOpenSSLServerConnectionCreator,
    IReactorTime,
    IStreamClientEndpoint,
)
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.protocols.tls import TLSMemoryBIOFactory, TLSMemoryBIOProtocol
from twisted.python.failure import Failure
from zope.interface import implementer

from reqpi.web.http.authority import is_host, named_host
from reqpi.web.http.fast_path import FastPathChannel
from reqpi.web.http.only_client import OnlyClient
from reqpi.web.http.site import BoundedSite
from reqpi.web.proxy.certificates import RunAuthority
from reqpi.web.proxy.events import PassedTunnel, RefusedRequest, Report
from reqpi.web.proxy.relay import RawTunnel

__all__ = ["REFUSED", "ConnectHead", "ProxyChannel", "ProxyFactory"]

REFUSED = "X-ReqPI-Refused"
"""The header of each refusal. Its value is the reason."""

_CONNECTIONS = 512
"""Connections at once, at most. uv opens 50, and a build may run several installers."""

_HEAD = 16 << 10
"""Bytes of the head of a ``CONNECT`` request, at most."""

_TO_ASK = 60.0
"""Seconds for the head of the first request to arrive."""

_TARGET = re.compile(r"(?P<host>.+):(?P<port>[0-9]{1,5})")


@frozen
class ConnectHead:
    """The head of a ``CONNECT`` request.

    :param host: in lower case, without brackets; empty if the target is not a host and a port.
    :param authorization: the value of ``Proxy-Authorization``.
    """

    host: str
    port: int
    authorization: str = ""
    agent: str = ""

    @classmethod
    def parse(cls, head: bytes) -> ConnectHead:
        """Parse a head without the empty line at its end."""
        first, *lines = head.decode("latin-1").split("\r\n")
        words = first.split(" ")
        fields = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        match = _TARGET.fullmatch(words[1]) if len(words) == 3 else None
        valid = match is not None and is_host(words[1]) and 0 < int(match["port"]) < 65536
        host, port = (named_host(words[1]), int(match["port"])) if match is not None and valid else ("", 0)
        return cls(host, port, fields.get("proxy-authorization", ""), fields.get("user-agent", ""))

    @property
    def authority(self) -> str:
        """The host, with the port unless it is 443."""
        where = f"[{self.host}]" if ":" in self.host else self.host
        return where if self.port == 443 else f"{where}:{self.port}"

    def is_to(self, host: str) -> bool:
        """Return whether a ``Host`` inside the tunnel names where it leads to."""
        match = _TARGET.fullmatch(host)
        port = int(match["port"]) if match is not None and not host.endswith("]") else 443
        return is_host(host) and (named_host(host), port) == (self.host, self.port)


class ProxyChannel(FastPathChannel):
    """The requests of one connection.

    :ivar tunnel: the ``CONNECT`` request that they are inside of; ``None`` for plain requests.
    """

    tunnel: ConnectHead | None = None
    report: Report

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Report a tunnel in which TLS failed: its client does not trust the run's authority, or speaks no TLS."""
        super().connectionLost(reason)
        if self.tunnel is not None and not self.served and reason.check(SSL.Error):
            where = self.tunnel
            url = f"https://{where.authority}/"
            self.report(RefusedRequest(where.host, url, where.agent, "no TLS that trusts the certificate of this run"))


@implementer(IOpenSSLServerConnectionCreator)
@frozen
class _Creator:
    """The creator of connections for one host."""

    context: SSL.Context

    def serverConnectionForTLS(self, tlsProtocol: TLSMemoryBIOProtocol) -> SSL.Connection:
        """See :class:`twisted.internet.interfaces.IOpenSSLServerConnectionCreator`."""
        return SSL.Connection(self.context, None)


class _Ready(Factory):
    """A factory of one protocol, which exists already."""

    noisy = False

    def __init__(self, ready: ProxyChannel) -> None:
        self._ready = ready

    def buildProtocol(self, addr: IAddress | None) -> ProxyChannel:
        """Return it."""
        return self._ready


class _ProxyConnection(Protocol):
    """A connection, until its first request is known; then it passes bytes on."""

    transport: Any

    def __init__(self, factory: ProxyFactory) -> None:
        self._factory = factory
        self._heard = b""
        self._behind: Any = None
        self._late: IDelayedCall | None = None

    def connectionMade(self) -> None:
        """Wait for the first request, if the connection is not one too many."""
        if not self._factory.begin(self):
            self._refuse(503, "too many connections to the proxy of this run")
            return
        self._late = self._factory.clock.callLater(_TO_ASK, self.transport.abortConnection)

    def dataReceived(self, data: bytes) -> None:
        """Pass bytes on, or read the first request."""
        if self._behind is not None:
            self._behind.dataReceived(data)
            return
        self._heard += data
        if not b"CONNECT ".startswith(self._heard[:8]):
            self._pass_on(self._factory.channel(None), self._heard)
            return
        head, end, rest = self._heard.partition(b"\r\n\r\n")
        if len(head) > _HEAD:
            self._refuse(431, "the head of the request is too large")
        elif end:
            self._connect(ConnectHead.parse(head), rest)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Pass the end on."""
        self._stop_waiting()
        self._factory.end(self)
        if self._behind is not None:
            self._behind.connectionLost(reason)

    def _connect(self, asked: ConnectHead, rest: bytes) -> None:
        if not self._factory.only.is_client(asked.authorization):
            self._refuse(407, "this proxy has one client", 'Proxy-Authenticate: Basic realm="reqpi"\r\n')
        elif not asked.host:
            self._factory.report(
                RefusedRequest("an invalid target", "", asked.agent, "CONNECT needs a host and a port")
            )
            self._refuse(400, "CONNECT needs a host and a port")
        elif (endpoint := self._factory.passed(asked.host, asked.port)) is not None:
            self._factory.report(PassedTunnel(asked.host, asked.port, asked.agent))
            self._pass_on(RawTunnel(endpoint), b"")
        else:
            self.transport.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            self._pass_on(self._factory.in_tls(asked), rest)

    def _pass_on(self, behind: Any, data: bytes) -> None:
        self._stop_waiting()
        self._heard, self._behind = b"", behind
        behind.makeConnection(self.transport)
        if data:
            behind.dataReceived(data)

    def _refuse(self, status: int, reason: str, more: str = "") -> None:
        self._stop_waiting()
        body = f"{reason}\n"
        head = f"HTTP/1.1 {status} {reason}\r\n{more}{REFUSED}: {reason}\r\nContent-Type: text/plain\r\n"
        self.transport.write(f"{head}Content-Length: {len(body)}\r\nConnection: close\r\n\r\n{body}".encode("latin-1"))
        self.transport.loseConnection()
        self._behind = _Nothing()

    def _stop_waiting(self) -> None:
        if self._late is not None and self._late.active():
            self._late.cancel()


class _Nothing(Protocol):
    """A protocol that ignores what it receives."""


class ProxyFactory(Factory):
    """The connections of the child to its proxy.

    :param site: answers the requests; its protocol is :class:`ProxyChannel`.
    :param only: the child.
    :param passed: returns the endpoint of a host and a port to which a tunnel is made; ``None`` for any other.
    """

    noisy = False

    def __init__(
        self,
        site: BoundedSite,
        authority: RunAuthority,
        only: OnlyClient,
        report: Report,
        clock: IReactorTime,
        *,
        passed: Callable[[str, int], IStreamClientEndpoint | None] = lambda _host, _port: None,
    ) -> None:
        self.only = only
        self.passed = passed
        self.clock = clock
        self._site = site
        self._authority = authority
        self.report = report
        self._open: set[_ProxyConnection] = set()

    def buildProtocol(self, addr: IAddress | None) -> _ProxyConnection:
        """Return the protocol of a new connection."""
        return _ProxyConnection(self)

    def begin(self, connection: _ProxyConnection) -> bool:
        """Count a connection; return whether there is room for it."""
        if len(self._open) >= _CONNECTIONS:
            return False
        self._open.add(connection)
        return True

    def end(self, connection: _ProxyConnection) -> None:
        """Count a connection no longer."""
        self._open.discard(connection)

    def abort_all(self) -> None:
        """Close all connections: the command has ended."""
        for connection in list(self._open):
            connection.transport.abortConnection()

    def channel(self, tunnel: ConnectHead | None) -> ProxyChannel:
        """Return the protocol of requests."""
        channel: Any = self._site.buildProtocol(None)
        channel.tunnel, channel.report = tunnel, self.report
        made: ProxyChannel = channel
        return made

    def in_tls(self, asked: ConnectHead) -> TLSMemoryBIOProtocol:
        """Return the protocol of TLS with a certificate for the host of a tunnel."""
        creator = _Creator(self._authority.context_for(asked.host))
        factory = TLSMemoryBIOFactory(creator, False, _Ready(self.channel(asked)))
        factory.noisy = False
        made: TLSMemoryBIOProtocol = factory.buildProtocol(None)
        return made
