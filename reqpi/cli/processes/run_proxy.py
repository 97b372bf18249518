"""The proxy inside ``reqpi run``: it listens as long as the server does, and its authority is in a private folder."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.task import deferLater

from reqpi.core.proxy_vars import through_proxy
from reqpi.core.shown_urls import as_shown
from reqpi.server.server import Server
from reqpi.upstream.allowed.hosts import Hosts
from reqpi.upstream.allowed.operator import AllowedUpstreams
from reqpi.upstream.passed_hosts import PassedHosts
from reqpi.web.http.only_client import LOGIN, OnlyClient
from reqpi.web.http.site import BoundedSite
from reqpi.web.proxy.certificates import RunAuthority
from reqpi.web.proxy.connect import ProxyChannel, ProxyFactory
from reqpi.web.proxy.crates import OriginalCrates
from reqpi.web.proxy.events import Report
from reqpi.web.proxy.resource import OriginalsResource, ProxyRequest

__all__ = ["RunProxy", "default_indexes"]


class RunProxy:
    """The proxy of one run.

    :param folder: private to this user; the authority's certificate is written to it, and no key ever.
    :param passed: the hosts to which tunnels are made.
    :param report: receives each event, in the server's thread.
    :ivar url: with its login; empty until it listens.
    """

    def __init__(self, folder: Path, passed: Hosts, report: Report) -> None:
        self._bundle = folder / "authority.pem"
        self._passed = passed
        self._report = report
        self._factory: ProxyFactory | None = None
        self._port: Any = None
        self._default_indexes: tuple[str, ...] = ()
        self._reactor: Any = None
        self.url = ""

    def start(self, server: Server, only: OnlyClient, reactor: Any) -> None:
        """Listen, beside a server that is ready. Call it in the server's thread."""
        self._reactor = reactor
        authority = RunAuthority()
        outside = server.outside or AllowedUpstreams()
        hosts = PassedHosts.of(self._passed, outside, reactor)
        # A passed host shows its own certificate, so the command has to trust the usual authorities too.
        self._bundle.write_bytes(authority.pem + (hosts.bundle if self._passed.named else b""))
        self._default_indexes = default_indexes(outside)
        crates = OriginalCrates(server.crates, reactor)
        resource = OriginalsResource(
            server.shelf,
            only.address or "",
            only,
            self._report,
            default_indexes=self._default_indexes,
            crates=crates,
        )
        site = BoundedSite(resource, reactor, 0)
        site.protocol, site.requestFactory = ProxyChannel, ProxyRequest
        self._factory = ProxyFactory(site, authority, only, self._report, reactor, passed=hosts.endpoint)
        self._port = reactor.listenTCP(0, self._factory, interface="127.0.0.1")
        self.url = f"http://{LOGIN}:{only.password}@127.0.0.1:{self._port.getHost().port}"

    def stop(self) -> Deferred[Any]:
        """Stop listening, and close all connections. Call it in the server's thread."""
        if self._port is None or self._factory is None:
            return maybeDeferred(lambda: None)
        self._factory.abort_all()  # the connections are lost in the next turn, and report what they were cut short in
        return maybeDeferred(self._port.stopListening).addBoth(lambda _: deferLater(self._reactor, 0))

    def environment(self, environ: Mapping[str, str]) -> dict[str, str]:
        """Return ``environ`` changed so that the command uses this proxy, and trusts its authority alone."""
        return through_proxy(environ, self.url, str(self._bundle), self._default_indexes)


def default_indexes(outside: AllowedUpstreams) -> tuple[str, ...]:
    """Return the URLs that mean the default index to a lock, without logins."""
    return tuple(as_shown(url) for url in (outside.default, outside.built_in) if url)
