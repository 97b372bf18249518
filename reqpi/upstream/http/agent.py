"""The one agent for all requests to upstreams: it reuses connections, and connects only where it is allowed to."""

from __future__ import annotations

from typing import Any

from attrs import define, field
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import wrapClientTLS
from twisted.internet.interfaces import IStreamClientEndpoint
from twisted.python.failure import Failure
from twisted.web.client import URI, Agent, HTTPConnectionPool, ProxyAgent
from twisted.web.error import SchemeNotSupported
from twisted.web.http_headers import Headers
from twisted.web.iweb import IAgent, IAgentEndpointFactory, IBodyProducer, IResponse
from zope.interface import implementer

from reqpi.core.certificate_causes import CertificateRemedy
from reqpi.core.proxies import Proxies, Proxy
from reqpi.upstream.allowed.connect import GuardedReactor
from reqpi.upstream.allowed.hosts import Hosts, normalized
from reqpi.upstream.http.body import Body
from reqpi.upstream.http.proxy import ProxyTrouble, authorization, login_page, login_wanted
from reqpi.upstream.http.tls import TlsTrust
from reqpi.upstream.http.tunnel import ToProxy, Tunnel
from reqpi.upstream.http.untrusted import untrusted_cause

__all__ = ["PooledAgent", "way_to"]

_CONNECT = 10.0
"""Seconds to wait for a connection: a dead upstream costs a client no more than that."""

_CONNECTIONS = 32
"""The most idle connections to keep for each host. Twisted's default of 2 makes a lock of 300 pins wait."""


@implementer(IAgent)
class PooledAgent:
    """An agent that reuses connections until it is closed.

    :param reach: decides which hosts it may connect to.
    :param trust: decides which certificates it accepts.
    :param proxies: the proxies to use.
    """

    def __init__(self, reactor: Any, reach: GuardedReactor, trust: TlsTrust, proxies: Proxies = Proxies()) -> None:  # noqa: B008
        self._reactor = reactor
        self._reach = reach
        self._proxies = proxies
        self._pool = HTTPConnectionPool(reactor, persistent=True)
        self._pool.maxPersistentPerHost = _CONNECTIONS
        ways = {proxy: way_to(reactor, proxy, trust) for proxy in proxies.all}
        self._agent = Agent.usingEndpointFactory(reactor, _Endpoints(reach, trust, proxies, ways), self._pool)
        self._proxied = {proxy: ProxyAgent(way, reactor, self._pool) for proxy, way in ways.items()}

    def request(
        self, method: bytes, uri: bytes, headers: Headers | None = None, bodyProducer: IBodyProducer | None = None
    ) -> Deferred[IResponse]:
        """See :class:`twisted.web.iweb.IAgent`.

        :raises reqpi.upstream.allowed.denied.Denied: that host may not be requested through a proxy.
        """
        to = URI.fromBytes(uri)
        host = to.host.decode("ascii")
        proxy = self._proxies.proxy_for(to.scheme.decode("ascii"), host, to.port)
        if proxy is not None and to.scheme == b"http":
            self._reach.check_name(host, to.port)
            return self._through(proxy, method, uri, headers, bodyProducer)
        asked: Deferred[IResponse] = self._agent.request(method, uri, headers, bodyProducer)
        return asked if proxy is None else asked.addErrback(_untrusted, proxy, host)

    def close(self) -> Deferred[None]:
        """Close the idle connections."""
        closed: Deferred[None] = self._pool.closeCachedConnections()
        return closed

    def _through(
        self, proxy: Proxy, method: bytes, uri: bytes, headers: Headers | None, body: Any
    ) -> Deferred[IResponse]:
        """Send a proxy the whole URL (:rfc:`9112`, section 3.2.2), and its login in the headers."""
        sent = Headers() if headers is None else headers.copy()
        login = authorization(proxy)
        if login is not None:
            sent.setRawHeaders("Proxy-Authorization", [login])
        asked: Deferred[IResponse] = self._proxied[proxy].request(method, uri, sent, body)
        return asked.addCallback(self._own_answer, proxy)

    def _own_answer(self, response: IResponse, proxy: Proxy) -> IResponse:
        """Return the response, unless it is the proxy's own.

        :raises ProxyTrouble: the proxy itself answered.
        """
        if response.code not in (407, 511):
            return response
        Body(response, self._reactor).dismiss()
        if response.code == 511:
            raise login_page(proxy)
        challenges = response.headers.getRawHeaders(b"Proxy-Authenticate") or []
        raise login_wanted(proxy, [each.decode("latin-1") for each in challenges])


def way_to(reactor: Any, proxy: Proxy, trust: TlsTrust) -> ToProxy:
    """Return the endpoint of a proxy, which may be at any address: the operator named it."""
    named = Hosts(frozenset({(normalized(proxy.host), proxy.port)}))
    endpoint = GuardedReactor(reactor, named).endpoint(proxy.host, proxy.port, _CONNECT)
    if proxy.scheme == "https":
        endpoint = wrapClientTLS(trust.creatorForNetloc(proxy.host.encode("ascii"), proxy.port), endpoint)
    return ToProxy(proxy, endpoint, reactor)


def _untrusted(failure: Failure, proxy: Proxy, host: str) -> Failure:
    """Return the failure. If a certificate was not trusted, raise one that names the proxy, as it may be the proxy's.

    :raises ProxyTrouble: a certificate was not trusted.
    """
    cause = None if failure.check(ProxyTrouble) else untrusted_cause(failure)
    if cause is None or cause.remedy is CertificateRemedy.NAME:
        return failure
    raise ProxyTrouble(
        f"the certificate of {host} is not trusted: {cause.words}",
        f"It came through the proxy {proxy.url}. If the proxy replaces certificates, add its authority: --ca FILE.",
        final=True,
    )


@implementer(IAgentEndpointFactory)
@define
class _Endpoints:
    """The endpoints of new connections, each of which is checked. A reused connection was checked when it was made."""

    reach: GuardedReactor
    trust: TlsTrust
    proxies: Proxies
    ways: dict[Proxy, ToProxy] = field(factory=dict)

    def endpointForURI(self, uri: URI) -> IStreamClientEndpoint:
        """See :class:`twisted.web.iweb.IAgentEndpointFactory`."""
        if uri.scheme == b"http":
            return self.reach.endpoint(uri.host.decode("ascii"), uri.port, _CONNECT)
        if uri.scheme == b"https":
            return wrapClientTLS(self.trust.creatorForNetloc(uri.host, uri.port), self._tcp(uri))
        raise SchemeNotSupported(f"Unsupported scheme: {uri.scheme!r}")

    def _tcp(self, uri: URI) -> IStreamClientEndpoint:
        host = uri.host.decode("ascii")
        proxy = self.proxies.proxy_for("https", host, uri.port)
        if proxy is None:
            return self.reach.endpoint(host, uri.port, _CONNECT)
        self.reach.check_name(host, uri.port)
        return Tunnel(self.ways[proxy], host, uri.port)
