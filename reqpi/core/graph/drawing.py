"""The places of the nodes of a graph in a drawing: layers from left to right, lines between them.

It is the method of Sugiyama. Cycles are opened, each project stands to the right of all that require it, lines that
pass a layer get a place in it, each layer is sorted so that few lines cross, and everything is moved next to what it is
joined with. An edge is not drawn if a longer path shows the same: the list of a page has it.

This is not left to a library: the one layout library in pure Python, grandalf, is under licences that ReqPI cannot
take, has had no release since 2023, and raises the limit of recursion of the whole process.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

from attrs import frozen

from reqpi.core.graph.model import DependencyGraph
from reqpi.core.graph.order import depth_first
from reqpi.core.model import Project

__all__ = ["Box", "Drawing", "drawing_of"]

_MOST = 4000
"""Lines, at most; and places in all layers: of projects, and of lines that pass a layer."""

_HEIGHT, _SPACE, _LINE = 22, 6, 8
"""The height of a box, the space below it, and that of a line that passes; all lengths are in pixels."""

_BETWEEN = 56
"""The space between layers."""

_SWEEPS = 8

Point = tuple[int, int]


@frozen
class Box:
    """The place of a project: its upper left corner, and its size."""

    x: int
    y: int
    width: int
    height: int = _HEIGHT


@frozen
class Drawing:
    """A drawing.

    :param boxes: the projects that are joined with another one.
    :param lines: from the right side of a box to the left side of another: the points on the way, two for each layer
        that is passed.
    :param back: the lines that lead back into a cycle.
    """

    width: int
    height: int
    boxes: Mapping[Project, Box]
    lines: Sequence[Sequence[Point]]
    back: Sequence[Sequence[Point]]


def drawing_of(graph: DependencyGraph, widths: Mapping[Project, int]) -> Drawing | None:
    """Return the drawing of a graph; ``None`` if it would be too large, or if nothing requires anything.

    :param widths: the widths of the boxes.
    """
    joined = {each for each in graph.nodes if graph.requires[each] or graph.required_by[each]}
    if not joined or len(joined) > _MOST:
        return None
    finished, back = depth_first([each for each in graph.tops if each in joined], graph.requires)
    layers = _layers(graph, finished, back)
    edges = _reduced(graph, finished, back)
    if len(edges) > _MOST or len(joined) + sum(layers[other] - layers[each] - 1 for each, other in edges) > _MOST:
        return None
    return _Placing(layers, edges).drawing(sorted(back), widths)


def _layers(
    graph: DependencyGraph, finished: Sequence[Project], back: set[tuple[Project, Project]]
) -> dict[Project, int]:
    """Return the layer of each project: one more than that of everything that requires it."""
    layers = dict.fromkeys(finished, 0)
    for project in reversed(finished):
        for other in graph.requires[project]:
            if (project, other) not in back:
                layers[other] = max(layers[other], layers[project] + 1)
    return layers


def _reduced(
    graph: DependencyGraph, finished: Sequence[Project], back: set[tuple[Project, Project]]
) -> list[tuple[Project, Project]]:
    """Return the edges that no longer path stands for. Sets of projects are the bits of numbers."""
    bit = {project: 1 << number for number, project in enumerate(finished)}
    below: dict[Project, int] = {}
    edges = []
    for project in finished:
        others = [other for other in graph.requires[project] if (project, other) not in back]
        further = 0
        for other in others:
            further |= below[other]
        edges += [(project, other) for other in others if not further & bit[other]]
        below[project] = further | sum(bit[other] for other in others if not further & bit[other])
    return edges


class _Placing:
    """The places, which are numbers: first those of the projects, then those of the lines that pass a layer."""

    def __init__(self, layers: Mapping[Project, int], edges: Sequence[tuple[Project, Project]]) -> None:
        self._projects = list(layers)
        numbers = {project: number for number, project in enumerate(self._projects)}
        self._rows: list[list[int]] = [[] for _ in range(max(layers.values()) + 1)]
        self._layer: list[int] = []
        for project in reversed(self._projects):
            self._rows[layers[project]].append(numbers[project])
        self._layer = list(layers.values())
        self._left: list[list[int]] = [[] for _ in self._projects]
        self._right: list[list[int]] = [[] for _ in self._projects]
        self._chains = [self._chain(numbers[each], numbers[other]) for each, other in edges]

    def _chain(self, start: int, end: int) -> list[int]:
        """Join two projects by a place in each layer between them."""
        chain = [start]
        for layer in range(self._layer[start] + 1, self._layer[end]):
            chain.append(len(self._layer))
            self._layer.append(layer)
            self._rows[layer].append(chain[-1])
            self._left.append([])
            self._right.append([])
        chain.append(end)
        for each, other in pairwise(chain):
            self._right[each].append(other)
            self._left[other].append(each)
        return chain

    def drawing(self, back: Sequence[tuple[Project, Project]], widths: Mapping[Project, int]) -> Drawing:
        """Return the drawing."""
        self._sort()
        middles = self._middles()
        columns = self._columns(widths)
        boxes = {
            project: Box(columns[self._layer[number]][0], middles[number] - _HEIGHT // 2, widths[project])
            for number, project in enumerate(self._projects)
        }
        lines = [self._line(chain, boxes, columns, middles) for chain in self._chains]
        return Drawing(
            columns[-1][0] + columns[-1][1],
            max(middles) + _HEIGHT // 2 + _SPACE,
            boxes,
            lines,
            [[_right_of(boxes[each]), _left_of(boxes[other])] for each, other in back],
        )

    def _sort(self) -> None:
        """Sort each layer by the mean position of what its places are joined with in the layer before it."""
        position = {place: at for row in self._rows for at, place in enumerate(row)}
        for sweep in range(_SWEEPS):
            joined = self._right if sweep % 2 else self._left
            for row in reversed(self._rows) if sweep % 2 else self._rows:
                means = {place: _mean([position[each] for each in joined[place]], position[place]) for place in row}
                row.sort(key=means.__getitem__)
                position.update((place, at) for at, place in enumerate(row))

    def _middles(self) -> list[int]:
        """Return the y of each place, near the mean of what it is joined with."""
        middles = [0.0] * len(self._layer)
        offsets = [self._offsets(row) for row in self._rows]
        for row, apart in zip(self._rows, offsets, strict=True):
            for place, offset in zip(row, apart, strict=True):
                middles[place] = offset
        for sweep in range(_SWEEPS):
            joined = self._right if sweep % 2 == 0 else self._left
            pairs = list(zip(self._rows, offsets, strict=True))
            for row, apart in reversed(pairs) if sweep % 2 == 0 else pairs:
                wanted = [_mean([middles[each] for each in joined[place]], middles[place]) for place in row]
                for place, y in zip(row, _spread(wanted, apart), strict=True):
                    middles[place] = y
        top = min(middles) - _HEIGHT / 2 - _SPACE
        return [round(y - top) for y in middles]

    def _offsets(self, row: Sequence[int]) -> list[float]:
        """Return the distance of each place of a layer from its first place, if they stand as close as possible."""
        offsets, at = [], 0.0
        for place in row:
            size = _HEIGHT + _SPACE if place < len(self._projects) else _LINE
            offsets.append(at + size / 2)
            at += size
        return offsets

    def _columns(self, widths: Mapping[Project, int]) -> list[tuple[int, int]]:
        """Return the x and the width of each layer."""
        columns, x = [], 0
        for row in self._rows:
            width = max(widths[self._projects[place]] for place in row if place < len(self._projects))
            columns.append((x, width))
            x += width + _BETWEEN
        return columns

    def _line(
        self,
        chain: Sequence[int],
        boxes: Mapping[Project, Box],
        columns: Sequence[tuple[int, int]],
        middles: Sequence[int],
    ) -> list[Point]:
        points = [_right_of(boxes[self._projects[chain[0]]])]
        for place in chain[1:-1]:
            x, width = columns[self._layer[place]]
            points += [(x, middles[place]), (x + width, middles[place])]
        return [*points, _left_of(boxes[self._projects[chain[-1]]])]


def _right_of(box: Box) -> Point:
    return box.x + box.width, box.y + box.height // 2


def _left_of(box: Box) -> Point:
    return box.x, box.y + box.height // 2


def _mean(values: Sequence[float], otherwise: float) -> float:
    return sum(values) / len(values) if values else otherwise


def _spread(wanted: Sequence[float], offsets: Sequence[float]) -> list[float]:
    """Return the positions nearest to those wanted, in this order, and at least as far apart as the offsets.

    It is isotonic regression: neighbours that want to stand in each other's place move together.
    """
    blocks: list[tuple[float, int]] = []
    for want, offset in zip(wanted, offsets, strict=True):
        total, count = want - offset, 1
        while blocks and blocks[-1][0] / blocks[-1][1] > total / count:
            before, members = blocks.pop()
            total, count = total + before, count + members
        blocks.append((total, count))
    starts = [total / count for total, count in blocks for _ in range(count)]
    return [start + offset for start, offset in zip(starts, offsets, strict=True)]
