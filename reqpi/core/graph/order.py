"""Depth-first order in a graph that may have cycles. Metadata is hostile input, so nothing here recurses."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from reqpi.core.model import Project

__all__ = ["depth_first", "reachable"]


def depth_first(
    starts: Iterable[Project], requires: Mapping[Project, Sequence[Project]]
) -> tuple[list[Project], set[tuple[Project, Project]]]:
    """Return the projects in the order in which they are finished, and the edges that lead back into a cycle.

    Without these edges, each project is finished after everything that it requires.
    """
    finished: list[Project] = []
    back: set[tuple[Project, Project]] = set()
    is_open: dict[Project, bool] = {}
    for start in starts:
        waiting = [] if start in is_open else [(start, iter(requires[start]))]
        while waiting:
            project, following = waiting[-1]
            is_open[project] = True
            for other in following:
                if other not in is_open:
                    waiting.append((other, iter(requires[other])))
                    break
                if is_open[other]:
                    back.add((project, other))
            else:
                waiting.pop()
                is_open[project] = False
                finished.append(project)
    return finished, back


def reachable(starts: Iterable[Project], edges: Mapping[Project, Sequence[Project]]) -> dict[Project, int]:
    """Return the projects that can be reached, each with the length of the shortest path to it."""
    found = dict.fromkeys(starts, 0)
    waiting = list(found)
    for project in waiting:
        for other in edges[project]:
            if other not in found:
                found[other] = found[project] + 1
                waiting.append(other)
    return found
