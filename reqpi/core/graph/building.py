"""The dependency graph of a lock, made from the requirements that are known.

A requirement counts for every platform and every Python, as in an SBOM. A requirement of an extra counts if the lock,
or another requirement that counts, asks for that extra. What is missing is decided as for a report on whether the lock
is closed, so only in the environments that the lock is for.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from reqpi.core.build_requirements import BuildReport
from reqpi.core.closed import Checking, LockedRelease, Requirements, UnmetRequirement, checked, environments_for
from reqpi.core.graph.model import DependencyGraph, Node, NodeState
from reqpi.core.model import Lock, Page, Project
from reqpi.core.requires_dist import RequiresDist, read, walk
from reqpi.core.targets import EVERYWHERE

__all__ = ["graph_of"]

_EFFORT = 1_000_000
"""The work for one graph, in microseconds, as an estimate; and as much again for what is missing."""

_NOTHING_BUILT = BuildReport((), (), ())


def graph_of(
    lock: Lock,
    projects: Collection[Project],
    pages: Mapping[Project, Page],
    releases: Sequence[LockedRelease],
    requires: Mapping[LockedRelease, Requirements],
) -> DependencyGraph:
    """Return the graph.

    :param projects: those that are to be nodes, all of which the lock pins.
    :param pages: the frozen pages of those of them that have one.
    :param releases: the releases of ``pages``.
    :param requires: the requirements of those releases whose core metadata could be read.
    """
    checking = Checking(releases, lock.local, _EFFORT)
    edges = _Edges(checking, frozenset(projects))
    asked = {each: sorted({extra for pin in each.pins for extra in pin.extras}) for each in releases}
    walk({each: known.known for each, known in requires.items()}, asked, edges.follow)
    unmet, exhausted = _unmet(lock, pages, releases, requires)
    unread = {each.project for each in releases if each not in requires}
    nodes: dict[Project, Node] = {}
    for project in projects:
        state = NodeState.UNREAD if project in unread else NodeState.READ
        versions = tuple(dict.fromkeys(pin.version for pin in lock.projects[project] if pin.version))
        sentences = tuple(str(each) for _, __, each in unmet.get(project, ()))
        nodes[project] = Node(project, versions, state if project in pages else NodeState.UNFROZEN, sentences)
    for project, other, _ in (each for several in unmet.values() for each in several):
        if other not in lock.projects:
            nodes[other] = Node(other, state=NodeState.MISSING)
            edges.found.add((project, other))
    return _graph(nodes, edges.found, complete=not (checking.exhausted or exhausted))


def _graph(
    nodes: Mapping[Project, Node], edges: Collection[tuple[Project, Project]], *, complete: bool
) -> DependencyGraph:
    requires: dict[Project, list[Project]] = {project: [] for project in sorted(nodes)}
    for project, other in sorted(edges):
        requires[project].append(other)
    return DependencyGraph(
        {project: nodes[project] for project in requires},
        {project: tuple(others) for project, others in requires.items()},
        complete,
    )


class _Edges:
    """The edges that were found so far."""

    def __init__(self, checking: Checking, nodes: frozenset[Project]) -> None:
        self._checking = checking
        self._nodes = nodes
        self.found: set[tuple[Project, Project]] = set()

    def follow(
        self, release: LockedRelease, requirement: RequiresDist, extras: set[str]
    ) -> list[tuple[LockedRelease, str]]:
        """Add the edge of a requirement, if it counts; return the releases and extras that it requests."""
        project = requirement.project
        if project not in self._nodes or not self._checking.may_count(requirement, extras):
            return []
        if project != release.project:
            self.found.add((release.project, project))
        return [(each, extra) for extra in requirement.extras for each in self._checking.projects(project)]


_Unmet = Mapping[Project, Sequence[tuple[Project, Project, UnmetRequirement]]]
"""The requirements that no pin meets, by the project that has them, each with the project that is required."""


def _unmet(
    lock: Lock,
    pages: Mapping[Project, Page],
    releases: Sequence[LockedRelease],
    requires: Mapping[LockedRelease, Requirements],
) -> tuple[_Unmet, bool]:
    """Return the requirements that no pin meets, and whether some were not looked at, to bound the work.

    A requirement on a project whose page is not frozen may be met.
    """
    checking = Checking(releases, lock.local, _EFFORT)
    report = checked(checking, environments_for(EVERYWHERE, lock.support), requires, _NOTHING_BUILT)
    found: dict[Project, list[tuple[Project, Project, UnmetRequirement]]] = {}
    for each in report.unmet:
        by, required = read(each.release), read(each.requirement)
        if each.kind != "requirement" or by is None or required is None:
            continue
        if required.project in pages or required.project not in lock.projects:
            found.setdefault(by.project, []).append((by.project, required.project, each))
    return found, checking.exhausted
