"""The paths by which a project gets into a lock: from the top-level projects to it."""

from __future__ import annotations

from heapq import heappop, heappush

from reqpi.core.graph.model import DependencyGraph
from reqpi.core.graph.order import reachable
from reqpi.core.model import Project

__all__ = ["paths_to"]

_EFFORT = 500_000
"""Projects in all the parts of paths that are looked at. A graph of 100 edges may have a million paths."""


def paths_to(graph: DependencyGraph, project: Project, most: int) -> tuple[list[tuple[Project, ...]], bool]:
    """Return the shortest paths from top-level projects to a project, and whether there are more.

    A path has each project once. It is searched from its end, and the distance to the next top-level project leads the
    search: the first path is found in as many steps as it has projects.

    :param most: the number of paths to return, at most.
    """
    distance = reachable(graph.tops, graph.requires)
    found: list[tuple[Project, ...]] = []
    waiting: list[tuple[int, int, tuple[Project, ...]]] = [(distance[project], distance[project], (project,))]
    left = _EFFORT
    while waiting and len(found) < most and left > 0:
        _, left_to_go, path = heappop(waiting)
        if left_to_go == 0:
            found.append(path)
        for other in graph.required_by[path[0]]:
            left -= len(path)
            if other not in path:
                heappush(waiting, (len(path) + distance[other], distance[other], (other, *path)))
    return found, bool(waiting)
