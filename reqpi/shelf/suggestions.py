"""Suggestions: for a project that a lock does not pin, the line that would pin its newest release."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial

from twisted.internet.defer import Deferred, TimeoutError
from twisted.internet.interfaces import IReactorTime

from reqpi.core.errors import UpstreamTrouble
from reqpi.core.interfaces import Upstream
from reqpi.core.model import Project
from reqpi.core.releases import newest
from reqpi.runtime.singleflight import PATIENCE, SingleFlight, each

__all__ = ["Suggestions"]

_MOST = 50
_AT_ONCE = 4
"""Projects for which a suggestion is looked up, and how many of them concurrently."""


class Suggestions:
    """The suggestions of an upstream."""

    def __init__(self, upstream: Upstream, clock: IReactorTime) -> None:
        self._upstream = upstream
        self._clock = clock
        self._looking: SingleFlight[dict[Project, str | None]] = SingleFlight()

    async def of(self, projects: Iterable[Project], may_know: Callable[[Project], bool]) -> dict[Project, str]:
        """See :meth:`reqpi.shelf.shelf.Shelf.suggest`."""
        told = self._upstream.reveals("")
        asked = tuple(sorted(project for project in projects if told or may_know(project))[:_MOST])
        found = await self._looking.do(asked, partial(each, asked, self._suggestion, _AT_ONCE))
        return {project: line for project, line in found.items() if line is not None}

    async def _suggestion(self, project: Project) -> str | None:
        try:
            page = await Deferred.fromCoroutine(self._upstream.page(project)).addTimeout(PATIENCE / 2, self._clock)
        except (UpstreamTrouble, TimeoutError):
            return None
        versions = {file.version for file in page.files if not file.yanked}
        found = newest({version for version in versions if not version.is_prerelease} or versions)
        return f"{project}=={found[0]}" if found else None
