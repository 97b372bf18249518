"""The dependency graphs of locks, from what the store has: no upstream is asked."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from functools import partial
from itertools import islice

from attrs import frozen

from reqpi.core import closed
from reqpi.core.closed import LockedRelease, Requirements
from reqpi.core.errors import StoreTrouble, UpstreamTrouble
from reqpi.core.graph import DependencyGraph, graph_of
from reqpi.core.metadata.headers import LARGEST_HEADERS
from reqpi.core.model import Commitment, File, Project
from reqpi.core.targets import EVERYWHERE
from reqpi.runtime.derived_cache import DerivedCache
from reqpi.runtime.lru import LruCache
from reqpi.runtime.offload import in_thread
from reqpi.runtime.on_behalf import work_under
from reqpi.runtime.singleflight import SingleFlight, each
from reqpi.shelf.shelf import Shelf
from reqpi.shelf.whole_lock.sdist_requirements import requirements_of_sdist

__all__ = ["DependencyGraphs"]

_MOST = 2000
"""Projects of one graph."""

_AT_ONCE, _BATCH = 16, 64
"""Metadata files that are read concurrently, and those that are then parsed in one step."""

_HEADERS = 16 << 20
"""Bytes of headers that are parsed for one graph."""

_SDISTS = 32 << 20
"""Bytes of all sdists that are searched for one graph."""

_KEPT, _WEIGHT = 8 << 20, 300
"""Bytes of graphs and of requirements that are kept in memory, and those of a node, edge or requirement: estimates."""

_END = re.compile(rb"\n\r?\n")


@frozen
class _MadeGraph:
    """A graph.

    :param basis: the projects whose pages are frozen, and the requirements of the files that are known: equal ones give
        an equal graph.
    :param whole: it has no gaps, so that nothing will be added.
    """

    basis: tuple[frozenset[Project], Mapping[File, Requirements]]
    graph: DependencyGraph
    whole: bool


class DependencyGraphs:
    """The graphs of all locks."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf
        self._graphs: DerivedCache[_MadeGraph] = DerivedCache(_KEPT)
        self._read: LruCache[str, Requirements] = LruCache(_KEPT)
        self._of_sdists: DerivedCache[Requirements] = DerivedCache(_KEPT)
        self._under_way: SingleFlight[DependencyGraph] = SingleFlight()

    async def of(self, commitment: Commitment) -> DependencyGraph:
        """Return the graph of a lock, as far as the store has its pages and their core metadata.

        It is kept in memory. If it has gaps, it is made again once the store has more.
        """
        kept = self._graphs.get(commitment, commitment.address)
        if kept is not None and kept.whole:
            return kept.graph
        return await self._under_way.do(id(commitment), partial(self._made, commitment))

    async def _made(self, commitment: Commitment) -> DependencyGraph:
        work_under(commitment.address)
        projects = list(islice(commitment.lock.projects, _MOST))
        pages = await self._shelf.frozen(commitment, projects)
        releases = await in_thread(closed.releases_of, commitment, pages, EVERYWHERE)
        requires = await self._of_wheels(commitment, releases) | await self._of_all_sdists(commitment, releases)
        basis = frozenset(pages), {each.described: known for each, known in requires.items() if each.described}
        kept = self._graphs.get(commitment, commitment.address)
        if kept is not None and kept.basis == basis:
            return kept.graph
        graph = await in_thread(graph_of, commitment.lock, projects, pages, releases, requires)
        whole = len(requires) == len(releases) and len(pages) == len(projects)
        weight = _WEIGHT * (len(graph.nodes) + graph.edges + sum(map(_lines, requires.values())))
        self._graphs.put(commitment, commitment.address, _MadeGraph(basis, graph, whole), weight)
        return graph

    async def _of_wheels(
        self, commitment: Commitment, releases: Collection[LockedRelease]
    ) -> dict[LockedRelease, Requirements]:
        """Return the requirements of the releases that have a wheel whose core metadata the store has."""
        wheels = {each: each.described for each in releases if each.described is not None and each.described.wheel}
        requires = {one: known for one, file in wheels.items() if (known := self._read_before(file)) is not None}
        left = _HEADERS
        waiting = iter([one for one in wheels if one not in requires])
        while left > 0 and (batch := list(islice(waiting, _BATCH))):
            found = await each([wheels[one] for one in batch], partial(self._headers, commitment), _AT_ONCE)
            headers = {one: text for one in batch if (text := found[wheels[one]]) is not None}
            left -= sum(map(len, headers.values()))
            parsed = await in_thread(_parsed, headers)
            for one, known in parsed.items():
                self._keep(wheels[one], known)
            requires |= parsed
        return requires

    def _read_before(self, file: File) -> Requirements | None:
        """Return the requirements of a verified wheel, if its metadata was read recently."""
        verified = self._shelf.verified_metadata(file)
        return None if verified is None else self._read.get(verified)

    def _keep(self, file: File, known: Requirements) -> None:
        verified = self._shelf.verified_metadata(file)
        if verified is not None:
            self._read.put(verified, known, _WEIGHT * _lines(known))

    async def _headers(self, commitment: Commitment, file: File) -> bytes | None:
        """Return the headers of core metadata. Serving it says what is wrong with a store in which it is damaged."""
        try:
            metadata = await self._shelf.metadata_at_hand(commitment, file)
        except (StoreTrouble, UpstreamTrouble):
            return None
        return None if metadata is None else _END.split(metadata[:LARGEST_HEADERS], maxsplit=1)[0] + b"\n"

    async def _of_all_sdists(
        self, commitment: Commitment, releases: Collection[LockedRelease]
    ) -> dict[LockedRelease, Requirements]:
        """Return the requirements of the releases without a wheel whose sdist the store has."""
        sdists = {each: each.described for each in releases if each.described is not None and not each.described.wheel}
        sizes = await self._shelf.sizes(sdists.values())
        found: dict[LockedRelease, Requirements] = {}
        left = _SDISTS
        for release, file in sdists.items():
            size = sizes[file]
            left -= size or 0
            known = None if size is None or left < 0 else await self._of_sdist(commitment, file)
            found |= {} if known is None else {release: known}
        return found

    async def _of_sdist(self, commitment: Commitment, file: File) -> Requirements | None:
        key = (commitment.address, file.sha256)
        known = self._of_sdists.get(commitment, key)
        if known is None:
            try:
                known = await requirements_of_sdist(self._shelf, commitment, file)
            except (StoreTrouble, UpstreamTrouble):
                return None
            self._of_sdists.put(commitment, key, known, _WEIGHT * _lines(known))
        return known


def _lines(known: Requirements) -> int:
    return 1 + len(known.known) + len(known.unknown)


def _parsed(headers: Mapping[LockedRelease, bytes]) -> dict[LockedRelease, Requirements]:
    return {release: closed.requirements_in(text) for release, text in headers.items()}
