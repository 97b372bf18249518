"""The sources of a server: its upstream and its registries of crates, with and without a network."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from attrs import evolve, frozen

from reqpi.core.crates.source import CrateSource
from reqpi.core.interfaces import Upstream
from reqpi.runtime.counts import ServerCounts
from reqpi.server.cargo_defaults import default_registry
from reqpi.server.settings import Settings
from reqpi.upstream.allowed.operator import AllowedUpstreams
from reqpi.upstream.allowed.resolver import ResolverThreads
from reqpi.upstream.crates.allowed import AllowedRegistries
from reqpi.upstream.crates.offline import OfflineRegistries
from reqpi.upstream.crates.registries import CrateRegistries
from reqpi.upstream.crates.with_repositories import WithRepositories
from reqpi.upstream.offline import Offline
from reqpi.upstream.upstreams import Upstreams

__all__ = ["Sources"]


@frozen
class Sources:
    """The upstream and the registries.

    :param close: closes their connections; ``None`` if they have none.
    """

    upstream: Upstream
    crates: CrateSource
    close: Callable[[], Awaitable[None]] | None = None

    @classmethod
    def of(cls, settings: Settings, outside: AllowedUpstreams, reactor: Any, counts: ServerCounts) -> Sources:
        """Return the sources that the settings describe. A registry is not looked for before a crate is needed.

        :param counts: counts the requests to them.
        :raises reqpi.core.errors.Misconfigured: the settings cannot be used.
        """
        if settings.offline:
            known = AllowedRegistries.of(evolve(settings.crates, tokens={}), outside)
            return cls(Offline(outside.policy), OfflineRegistries(known.name))
        resolving = ResolverThreads(reactor)
        upstream = Upstreams(outside, resolving, page_cache=settings.page_cache, counts=counts)
        allowed = AllowedRegistries.of(settings.crates, outside)
        crates = CrateRegistries(allowed, default_registry, resolving, cache=settings.page_cache // 4, counts=counts)

        async def close() -> None:
            await upstream.close()
            await crates.close()

        return cls(upstream, WithRepositories(crates, upstream, outside.policy.has_login), close)
