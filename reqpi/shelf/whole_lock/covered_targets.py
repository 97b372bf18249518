"""The platforms and Pythons for which locks have a file of each pin, from the frozen pages: no upstream is asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

from reqpi.core import closed
from reqpi.core.closed import CoveredTarget
from reqpi.core.model import Commitment, Page, Project
from reqpi.core.targets import EVERYWHERE
from reqpi.runtime.derived_cache import DerivedCache
from reqpi.runtime.offload import in_thread
from reqpi.runtime.singleflight import SingleFlight
from reqpi.shelf.shelf import Shelf

__all__ = ["CoveredTargets"]

_MOST = 1000
"""Projects of a lock that is looked at."""

_MOST_FILES = 10_000
"""Files on their pages: each is compared with some thirty targets."""

_KEPT, _WEIGHT = 4 << 20, 100
"""Bytes of results that are kept in memory, and those of a target or of a release in it: estimates."""

_Covered = Sequence[CoveredTarget]


class CoveredTargets:
    """The targets of all locks."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf
        self._kept: DerivedCache[_Covered] = DerivedCache(_KEPT)
        self._under_way: SingleFlight[_Covered] = SingleFlight()

    async def of(self, commitment: Commitment) -> _Covered | None:
        """Return what a lock has for each common target; ``None`` while a page is not frozen, or if it is too long."""
        kept = self._kept.get(commitment, commitment.address)
        if kept is not None:
            return kept
        projects = commitment.lock.projects
        if len(projects) > _MOST or await self._shelf.frozen_count(commitment) < len(projects):
            return None
        pages = await self._shelf.frozen(commitment, projects)
        if len(pages) < len(projects) or sum(len(page.files) for page in pages.values()) > _MOST_FILES:
            return None
        return await self._under_way.do(id(commitment), partial(self._made, commitment, pages))

    async def _made(self, commitment: Commitment, pages: Mapping[Project, Page]) -> _Covered:
        found = await in_thread(_found, commitment, pages)
        weight = _WEIGHT * sum(5 + len(each.lacking) + len(each.built) for each in found)
        self._kept.put(commitment, commitment.address, found, weight)
        return found


def _found(commitment: Commitment, pages: Mapping[Project, Page]) -> _Covered:
    return closed.covered_targets(commitment.lock, closed.releases_of(commitment, pages, EVERYWHERE))
