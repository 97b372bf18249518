"""All registries that this server may ask, as the source of crates."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from typing import Any, NoReturn

from attrs import evolve, field, frozen
from packaging.version import Version
from twisted.internet.interfaces import IReactorTime

from reqpi.core.crates.index import IndexLine
from reqpi.core.crates.source import RegistryPlace, crate_at
from reqpi.core.errors import Misconfigured, NotFound, UpstreamTrouble
from reqpi.core.interfaces import Transfer
from reqpi.core.model import Digest, Project
from reqpi.core.shown_urls import as_shown
from reqpi.runtime.counts import ServerCounts
from reqpi.runtime.offload import in_thread
from reqpi.runtime.singleflight import SingleFlight
from reqpi.upstream.allowed.denied import Denied
from reqpi.upstream.crates.allowed import AllowedRegistries, bare
from reqpi.upstream.crates.registry import IndexFile, SparseRegistry
from reqpi.upstream.http.agent import PooledAgent
from reqpi.upstream.http.agents import Agents
from reqpi.upstream.http.client import HttpClient
from reqpi.upstream.http.meter import UpstreamMeter
from reqpi.upstream.page_cache import PageCache

__all__ = ["CrateRegistries"]

_SPARSE = "sparse+"


class CrateRegistries:
    """The :class:`reqpi.core.crates.source.CrateSource` of the operator's registries.

    :param allowed: what the operator allows.
    :param find_default: returns the URL of the default registry if the operator named none. It may run cargo, so it is
        called in a thread, and not before such a crate is needed.
    :param clock: for time, if not the reactor.
    :param agent: for HTTP, if not an agent of its own.
    :param cache: bytes of memory for index files.
    :param counts: counts the requests.
    """

    def __init__(
        self,
        allowed: AllowedRegistries,
        find_default: Callable[[], str],
        reactor: Any,
        clock: IReactorTime | None = None,
        agent: PooledAgent | None = None,
        *,
        cache: int = 8 << 20,
        counts: ServerCounts | None = None,
    ) -> None:
        self._counts = counts or ServerCounts()
        self._find_default = find_default
        self._reactor = reactor
        self._time: IReactorTime = clock or reactor
        self._agent = agent
        self._files = PageCache[IndexFile](cache)
        self._wiring: SingleFlight[_Wired] = SingleFlight()
        self._wired = self._wire(allowed)

    async def lines(self, name: str, registry: str, versions: Collection[str]) -> Mapping[str, IndexLine]:
        """See :meth:`reqpi.core.crates.source.CrateSource.lines`."""
        return await (await self._registry(registry)).lines(name, versions)

    async def whole(self, name: str, registry: str) -> bytes:
        """See :meth:`reqpi.core.crates.source.CrateSource.whole`."""
        return await (await self._registry(registry)).whole(name)

    async def place(self, registry: str) -> RegistryPlace:
        """See :meth:`reqpi.core.crates.source.CrateSource.place`."""
        return await (await self._registry(registry)).place()

    async def page(
        self,
        project: Project,
        index: str = "",
        versions: Collection[Version] | None = None,
        digests: Collection[Digest] = (),
    ) -> NoReturn:
        """Raise: a registry has no project pages, on which a file might have another URL."""
        raise NotFound(f"{project} has no page", "A registry of crates has none.")

    async def open(
        self, url: str, start: int = 0, stop: int | None = None, etag: str | None = None, index: str = ""
    ) -> Transfer:
        """See :meth:`reqpi.core.interfaces.FileSource.open`.

        The crate may be on any public host, and on the hosts that the operator named for its registry.
        """
        return await (await self._registry(index)).open(crate_at(url, index), start, stop, etag)

    def name(self, registry: str) -> str:
        """See :meth:`reqpi.core.crates.source.CrateSource.name`."""
        return self._wired.allowed.name(registry)

    async def has_login(self, registry: str) -> bool:
        """See :meth:`reqpi.core.crates.source.CrateSource.has_login`. The default registry may have to be found out."""
        with suppress(UpstreamTrouble):
            allowed = (await self._wired_for(registry)).allowed
            key = allowed.key(registry)
            return key is not None and allowed.has_login(key)
        return False

    def reveals(self, registry: str) -> bool:
        """See :meth:`reqpi.core.crates.source.CrateSource.reveals`. The operator may know everything."""
        allowed = self._wired.allowed
        key = allowed.key(registry)
        return allowed.outside.local or key is None or not allowed.has_login(key)

    async def close(self) -> None:
        """Close idle connections."""
        await self._wired.agents.close()

    async def _registry(self, registry: str) -> SparseRegistry:
        """Return a registry.

        :param registry: its URL, as a lock spells it; empty for the default one.
        :raises reqpi.upstream.allowed.denied.Denied: it may not be asked.
        :raises reqpi.core.errors.UpstreamTrouble: no default registry is known.
        """
        wired = await self._wired_for(registry)
        key = wired.allowed.key(registry)
        if key is None and registry.startswith(_SPARSE) and wired.allowed.outside.policy.is_open(bare(registry)):
            url = bare(registry)
            permit = wired.allowed.outside.permits.of_source(url)
        elif key is None:
            raise _unknown(registry)
        else:
            url, permit = wired.allowed.outside.indexes[key], wired.allowed.permit(key)
        if url not in wired.registries:
            wired.registries[url] = SparseRegistry(url, wired.http, self._time, self._files, permit)
        return wired.registries[url]

    async def _wired_for(self, registry: str) -> _Wired:
        """Return the registries, with the default one if that is needed.

        :raises reqpi.core.errors.UpstreamTrouble: no default registry is known.
        """
        if registry or self._wired.allowed.outside.default is not None:
            return self._wired
        return await self._wiring.do("", self._with_default)

    async def _with_default(self) -> _Wired:
        """Wire everything again, with the default registry of this host."""
        try:
            url = await in_thread(self._find_default)
        except Misconfigured as error:
            raise UpstreamTrouble(error.title, error.detail, final=True) from error
        outside = evolve(self._wired.allowed.outside, default=url)
        outside.check()
        self._wired = self._wire(evolve(self._wired.allowed, outside=outside))
        return self._wired

    def _wire(self, allowed: AllowedRegistries) -> _Wired:
        agents = Agents.of(allowed.outside, self._reactor) if self._agent is None else Agents.same(self._agent)
        meter = UpstreamMeter(self._counts, self._time, allowed.outside.named)
        return _Wired(allowed, agents, HttpClient(agents, self._time, meter))


@frozen
class _Wired:
    """The registries with everything that requests to them use."""

    allowed: AllowedRegistries
    agents: Agents
    http: HttpClient
    registries: dict[str, SparseRegistry] = field(factory=dict)


def _unknown(registry: str) -> UpstreamTrouble:
    if not registry:
        return UpstreamTrouble("no registry of crates is known", "Name it with --crates URL.", final=True)
    detail = "Add it with --crates NAME=URL, where URL is its sparse index."
    return Denied(f"{as_shown(bare(registry))} is not among the registries of crates", detail)
