"""Indexes, archives and git repositories as one :class:`~reqpi.core.interfaces.Upstream`."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from packaging.version import Version
from twisted.internet.interfaces import IReactorTime

from reqpi.core.errors import UpstreamTrouble
from reqpi.core.interfaces import Transfer
from reqpi.core.model import Digest, Page, Project
from reqpi.core.shown_urls import as_shown
from reqpi.core.simple import Packed
from reqpi.runtime.counts import ServerCounts
from reqpi.upstream.allowed.connect import GuardedReactor
from reqpi.upstream.allowed.denied import Denied
from reqpi.upstream.allowed.hosts import host_and_port
from reqpi.upstream.allowed.operator import AllowedUpstreams
from reqpi.upstream.allowed.permits import Permit
from reqpi.upstream.allowed.policy import sentence
from reqpi.upstream.allowed.urls import index_key
from reqpi.upstream.by_policy import ByPolicy
from reqpi.upstream.git.repositories import Repositories
from reqpi.upstream.http.agent import PooledAgent
from reqpi.upstream.http.agents import Agents
from reqpi.upstream.http.client import HttpClient
from reqpi.upstream.http.meter import UpstreamMeter
from reqpi.upstream.http.tls import TlsTrust
from reqpi.upstream.index import UpstreamIndex
from reqpi.upstream.page_cache import PageCache
from reqpi.upstream.transfer import open_file

__all__ = ["PAGE_CACHE", "Upstreams"]

PAGE_CACHE = 32 << 20
"""Bytes of memory for pages of indexes: some 200,000 files, about as many as a thousand projects have."""

_ARCHIVE = "archive+"
_GIT = "git+"


class Upstreams(ByPolicy):
    """Everything that the operator allows this server to ask.

    :param outside: what the operator allows; it is checked here.
    :param clock: for time, if not the reactor.
    :param agent: for HTTP, if not an agent of its own.
    :param page_cache: bytes of memory for pages of indexes, which are kept from one lock to the next.
    :param counts: counts the requests.
    :raises reqpi.core.errors.Misconfigured: the URL of an upstream is not valid.
    """

    def __init__(
        self,
        outside: AllowedUpstreams,
        reactor: Any,
        clock: IReactorTime | None = None,
        agent: PooledAgent | None = None,
        page_cache: int = PAGE_CACHE,
        *,
        counts: ServerCounts | None = None,
    ) -> None:
        outside.check()
        time: IReactorTime = clock or reactor
        meter = UpstreamMeter(counts or ServerCounts(), time, outside.named)
        reach = GuardedReactor(reactor, outside.named)
        trust = TlsTrust(outside.certificates, outside.unverified, outside.client_certificate, outside.named)
        for url in outside.indexes.values():
            meter.expect(url)
        self.agent = Agents.of(outside, reactor) if agent is None else Agents.same(agent)
        super().__init__(outside.policy)
        self._permits = outside.permits
        self._http = HttpClient(self.agent, time, meter)
        self._time, self._pages = time, PageCache[Packed](page_cache)
        self._indexes = {key: self._made(url, self._permits.of_index(key)) for key, url in outside.indexes.items()}
        self._repositories = Repositories(
            self._http, self._permits.of_source, reach, trust, check=self._policy.check, proxies=outside.proxies
        )
        default = self._policy.upstream("")
        self.name = "no index" if default is None else as_shown(self._indexes[default].name)

    async def page(
        self,
        project: Project,
        index: str = "",
        versions: Collection[Version] | None = None,
        digests: Collection[Digest] = (),
    ) -> Page:
        """See :meth:`reqpi.core.interfaces.Upstream.page`."""
        return await self._index(index).page(project, versions, digests)

    async def open(
        self, url: str, start: int = 0, stop: int | None = None, etag: str | None = None, index: str = ""
    ) -> Transfer:
        """See :meth:`reqpi.core.interfaces.Upstream.open`.

        ``archive+https://…`` is an archive: it and its redirects may only be on allowed hosts. The same applies to any
        other file on a host that the operator allowed. A file that a page lists may be on any public host, and on the
        hosts that the operator named for its index.
        """
        if url.startswith(_GIT):
            return await self._repositories.open(url.removeprefix(_GIT))
        check = self._policy.check if url.startswith(_ARCHIVE) or self._is_allowed(url) else None
        place = url.removeprefix(_ARCHIVE)
        permit = self._permits.of_source(place) if url.startswith(_ARCHIVE) else self._permit(index)
        return await open_file(self._http, place, start, stop, etag=etag, check=check, permit=permit)

    async def close(self) -> None:
        """Stop git operations in progress, and close idle connections."""
        await self._repositories.close()
        await self.agent.close()

    def _index(self, index: str) -> UpstreamIndex:
        """Return the index at a URL.

        :param index: the URL as a lock writes it; empty for the default index.
        :raises reqpi.upstream.allowed.denied.Denied: it is not one of the operator's upstreams, and may not be asked.
        """
        key = self._policy.upstream(index)
        if key is None and self._policy.is_open(index):
            key = index_key(index)
            if key not in self._indexes:
                self._indexes[key] = self._made(index, self._permits.of_source(index))
        if key is None:
            what = as_shown(index) or "an index"
            raise Denied(f"{what} is not among this server's upstreams", f"{sentence(self._policy.said())}.")
        return self._indexes[key]

    def _made(self, url: str, permit: Permit) -> UpstreamIndex:
        return UpstreamIndex(url, self._http, self._time, self._pages, permit)

    def _permit(self, index: str) -> Permit:
        """Return the permit for the files of an index, whose URL is as a lock writes it."""
        if self._policy.is_open(index):
            return self._permits.of_source(index)
        return self._permits.of_index(self._policy.upstream(index))

    def _is_allowed(self, url: str) -> bool:
        try:
            return url.startswith("https://") and self._policy.hosts.has(*host_and_port(url))
        except ValueError as error:
            raise UpstreamTrouble(f"{as_shown(url)} is not a valid URL", str(error), final=True) from error
