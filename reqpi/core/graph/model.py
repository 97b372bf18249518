"""The nodes of a dependency graph, and its edges."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from enum import Enum
from functools import cached_property

from attrs import frozen

from reqpi.core.graph.order import depth_first, reachable
from reqpi.core.model import Project

__all__ = ["DependencyGraph", "Node", "NodeState"]


class NodeState(Enum):
    """How much is known about a project."""

    READ = "read"
    """The requirements of all its releases are known."""
    UNREAD = "unread"
    """The store does not have the core metadata of one of its releases."""
    UNFROZEN = "unfrozen"
    """Its page is not frozen, so its files are not known."""
    MISSING = "missing"
    """The lock does not pin it, and a pinned project requires it."""


@frozen
class Node:
    """A project.

    :param versions: as the lock spells them; empty for a project that it does not pin.
    :param unmet: requirements of this project that no pin meets, as sentences.
    """

    project: Project
    versions: tuple[str, ...] = ()
    state: NodeState = NodeState.READ
    unmet: tuple[str, ...] = ()


@frozen(slots=False)
class DependencyGraph:
    """A graph.

    :param nodes: in alphabetical order.
    :param requires: for each node the projects that it requires, sorted; all of them are nodes.
    :param complete: nothing was left out to bound the work.
    """

    nodes: Mapping[Project, Node]
    requires: Mapping[Project, tuple[Project, ...]]
    complete: bool = True

    @cached_property
    def required_by(self) -> Mapping[Project, tuple[Project, ...]]:
        """For each node the projects that require it, sorted."""
        found: dict[Project, list[Project]] = {project: [] for project in self.nodes}
        for project in sorted(self.requires):
            for other in self.requires[project]:
                found[other].append(project)
        return {project: tuple(others) for project, others in found.items()}

    @cached_property
    def tops(self) -> tuple[Project, ...]:
        """The top-level projects, which no other requires; of a cycle that no other requires, one."""
        tops = [project for project in self.nodes if not self.required_by[project]]
        found = reachable(tops, self.requires)
        finished, _ = depth_first(self.nodes, self.requires)
        for project in reversed(finished):  # the first that is not found is in a cycle that nothing else leads to
            if project not in found:
                tops.append(project)
                found |= reachable([project], self.requires)
        return tuple(sorted(tops))

    @property
    def edges(self) -> int:
        """The number of edges."""
        return sum(map(len, self.requires.values()))

    def only(self, projects: Collection[Project]) -> DependencyGraph:
        """Return the part of the graph that has these projects."""
        return DependencyGraph(
            {project: node for project, node in self.nodes.items() if project in projects},
            {
                project: tuple(other for other in others if other in projects)
                for project, others in self.requires.items()
                if project in projects
            },
            self.complete,
        )

    def leading_to(self, project: Project) -> DependencyGraph:
        """Return the part of the graph from which a project is required, with the project."""
        return self.only(reachable([project], self.required_by).keys())
