"""The hosts that the user of a run lets its command reach: the endpoint of each, through the user's own proxy."""

from __future__ import annotations

from typing import Any

from attrs import frozen
from twisted.internet.interfaces import IStreamClientEndpoint

from reqpi.core.proxies import Proxies
from reqpi.upstream.allowed.connect import GuardedReactor
from reqpi.upstream.allowed.hosts import Hosts
from reqpi.upstream.allowed.operator import AllowedUpstreams
from reqpi.upstream.http.agent import way_to
from reqpi.upstream.http.tls import TlsTrust
from reqpi.upstream.http.tunnel import Tunnel

__all__ = ["PassedHosts"]

_CONNECT = 20.0
"""Seconds for a lookup, and for a connection."""


@frozen
class PassedHosts:
    """The hosts that are passed. They may be at any address, because the user named them.

    :param named: the hosts, each with its ports.
    """

    named: Hosts
    reactor: Any
    proxies: Proxies
    trust: TlsTrust

    @classmethod
    def of(cls, named: Hosts, outside: AllowedUpstreams, reactor: Any) -> PassedHosts:
        """Return the hosts, with the proxies and the authorities that the server itself uses."""
        trust = TlsTrust(outside.certificates, outside.unverified, outside.client_certificate, outside.named)
        return cls(named, reactor, outside.proxies, trust)

    def endpoint(self, host: str, port: int) -> IStreamClientEndpoint | None:
        """Return the endpoint of a host; ``None`` if it is not passed."""
        if not self.named.has(host, port):
            return None
        proxy = self.proxies.proxy_for("https", host, port)
        if proxy is None:
            return GuardedReactor(self.reactor, self.named).endpoint(host, port, _CONNECT)
        return Tunnel(way_to(self.reactor, proxy, self.trust), host, port)

    @property
    def bundle(self) -> bytes:
        """The authorities that their certificates are verified with, in PEM."""
        return self.trust.bundle()
