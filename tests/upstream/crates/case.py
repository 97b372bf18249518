"""A server whose crates come from a registry on loopback, which can be made to misbehave."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred

from reqpi.upstream.allowed.operator import AllowedUpstreams
from reqpi.upstream.crates.allowed import AllowedRegistries, read_crates
from reqpi.upstream.crates.registries import CrateRegistries
from tests.crates_case import CratesCase
from tests.crates_registry import SparseRegistry
from tests.upstream.case import UpstreamCase, reactor

__all__ = ["LoopbackCase"]


class LoopbackCase(UpstreamCase, CratesCase):
    """Everything is real but the clock, the store and the upstream of the sdist."""

    timeout = 600

    async def setUp(self) -> None:  # type: ignore[override]
        UpstreamCase.setUp(self)
        self.registry = self.a_registry()
        await CratesCase.setUp(self)
        self.restart()

    def made_clock(self) -> Any:
        return self.clock

    def a_registry(self, **options: Any) -> SparseRegistry:
        """A registry with the two crates."""
        registry = SparseRegistry(*self.crates, **options)
        self.addCleanup(registry.close)
        return registry

    def token_file(self, token: str) -> Path:
        """A file with a token, for ``--crates``."""
        path = Path(self.mktemp())
        path.write_text(f"{token}\n")
        return path

    def source(self, *words: str, find: Any = None, names: Any = None, **outside: Any) -> CrateRegistries:
        """The registries of ``--crates`` with these values; otherwise the one registry.

        :param find: returns the default registry.
        :param names: in place of the reactor.
        :param outside: see :class:`AllowedUpstreams`.
        """
        settings = read_crates(words or ([] if find else [self.registry.url]))
        allowed = AllowedRegistries.of(settings, AllowedUpstreams(**outside))
        source = CrateRegistries(allowed, find or self.fail, names or reactor, self.clock)
        self.addCleanup(lambda: Deferred.fromCoroutine(source.close()))
        return source

    def restart(self, source: Any = None) -> None:
        """Start a server that has nothing in memory."""
        super().restart(source or self.source())
