"""The one agent that everything is asked through: it keeps connections, and goes nowhere it is not allowed to."""

from __future__ import annotations

from typing import Any

from attrs import frozen
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import wrapClientTLS
from twisted.internet.interfaces import IStreamClientEndpoint
from twisted.web.client import URI, Agent, HTTPConnectionPool
from twisted.web.error import SchemeNotSupported
from twisted.web.http_headers import Headers
from twisted.web.iweb import IAgent, IAgentEndpointFactory, IBodyProducer, IResponse
from zope.interface import implementer

from reqpi.origins.reach import Reach
from reqpi.origins.trust import Trust

__all__ = ["PooledAgent"]

_CONNECT = 10.0
"""Seconds for a connection: a dead upstream costs a client no more."""

_CONNECTIONS = 32
"""Kept connections a host. Twisted's own default of 2 makes a lock of 300 pins wait."""


@implementer(IAgent)
class PooledAgent:
    """An agent that keeps connections, until it is closed.

    :param reach: whom it may connect to.
    :param trust: whom it believes.
    """

    def __init__(self, reactor: Any, reach: Reach, trust: Trust) -> None:
        self._kept = HTTPConnectionPool(reactor, persistent=True)
        self._kept.maxPersistentPerHost = _CONNECTIONS
        self._agent = Agent.usingEndpointFactory(reactor, _Endpoints(reach, trust), self._kept)

    def request(
        self, method: bytes, uri: bytes, headers: Headers | None = None, bodyProducer: IBodyProducer | None = None
    ) -> Deferred[IResponse]:
        """See :class:`twisted.web.iweb.IAgent`."""
        asked: Deferred[IResponse] = self._agent.request(method, uri, headers, bodyProducer)
        return asked

    def close(self) -> Deferred[None]:
        """Close the connections that nobody uses."""
        closed: Deferred[None] = self._kept.closeCachedConnections()
        return closed


@implementer(IAgentEndpointFactory)
@frozen
class _Endpoints:
    """A kept connection was checked when it was made; each new one is checked again."""

    reach: Reach
    trust: Trust

    def endpointForURI(self, uri: URI) -> IStreamClientEndpoint:
        """See :class:`twisted.web.iweb.IAgentEndpointFactory`."""
        endpoint = self.reach.endpoint(uri.host.decode("ascii"), uri.port, _CONNECT)
        if uri.scheme == b"http":
            return endpoint
        if uri.scheme == b"https":
            return wrapClientTLS(self.trust.creatorForNetloc(uri.host, uri.port), endpoint)
        raise SchemeNotSupported(f"Unsupported scheme: {uri.scheme!r}")
