"""The proxy of a run over a store in memory, asked for crates at their original URLs."""

from __future__ import annotations

from typing import Any

from reqpi.core.crates.registry_names import DEFAULT_INDEX
from reqpi.shelf.crates.crates_of_locks import CratesOfLocks
from reqpi.web.http.only_client import OnlyClient
from reqpi.web.http.site import BoundedSite
from reqpi.web.proxy.connect import ProxyChannel
from reqpi.web.proxy.crates import OriginalCrates
from reqpi.web.proxy.events import Event
from reqpi.web.proxy.resource import OriginalsResource, ProxyRequest
from tests.attacks.tokens_case import basic
from tests.crates_case import CratesCase
from tests.crates_registry import MadeCrate, index_path
from tests.web.in_memory import InMemory
from tests.web.wire import Reply

__all__ = ["ProxiedCratesCase"]

PASSWORD = "p" * 32


class ProxiedCratesCase(CratesCase):
    """The proxy of a run of the lock at ``self.address``. Its requests are plain ones, which name a whole URL."""

    index = DEFAULT_INDEX

    def restart(self, source: Any = None) -> None:
        super().restart(source)
        self.events: list[Event] = []
        self.crates_of_locks = CratesOfLocks(self.shelf, self.store, source or self.registries, self.clock)

    def proxy(self) -> BoundedSite:
        """The site of the proxy, which is that of one address."""
        only = OnlyClient(PASSWORD, self.address)
        crates = OriginalCrates(self.crates_of_locks, self.clock)
        resource = OriginalsResource(
            self.shelf, self.address, only, self.events.append, default_indexes=(), crates=crates
        )
        site = BoundedSite(resource, self.clock, 0)
        site.protocol, site.requestFactory = ProxyChannel, ProxyRequest
        self.addCleanup(site.stopFactory)
        return site

    async def get(self, url: str, method: str = "GET", **headers: str) -> Reply:
        """Ask the proxy for a URL."""
        self.pass_time()
        login = {"Proxy-Authorization": basic(PASSWORD, "reqpi")}
        return await InMemory(self.proxy()).ask(url, method, **login, **headers)

    async def original_index(self, name: str) -> Reply:
        """Ask for the index of a crate at the registry's own URL."""
        return await self.get(f"{self.index}{index_path(name)}")

    def file_url(self, crate: MadeCrate) -> str:
        """The URL of a crate in the template of its registry."""
        return f"https://static.example.org/crates/{crate.name}/{crate.version}/download"
