"""A dependency graph as SVG: boxes that are links, and the lines between them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from twisted.web.template import Tag, tags

from reqpi.core.graph import Box, DependencyGraph, Drawing, Node, NodeState, drawing_of
from reqpi.core.model import Project

__all__ = ["graph_drawing"]

_LONGEST = 30
"""Characters of a name in a box; the list has the whole name."""

_CHARACTER, _PADDING = 7.3, 8
"""The width of a character of the drawing's font, and the space beside a name, in pixels."""

_MARKS = {NodeState.READ: "", NodeState.UNREAD: " ?", NodeState.UNFROZEN: " ?", NodeState.MISSING: " missing"}
"""The text after the name of a project: a colour alone is not seen by everyone."""


def graph_drawing(graph: DependencyGraph, project_url: Callable[[Project], str]) -> list[Tag]:
    """Return the drawing with its legend, or why there is none.

    :param project_url: returns the relative URL of what a pinned project is linked to.
    """
    labels = {project: _label(node) for project, node in graph.nodes.items()}
    drawing = drawing_of(graph, {each: round(len(label) * _CHARACTER) + 2 * _PADDING for each, label in labels.items()})
    if drawing is None:
        words = "The graph is too large to be drawn. Show the paths to one project." if graph.edges else _NOTHING
        return [tags.p(words)]
    alone = len(graph.nodes) - len(drawing.boxes)
    return [
        tags.p(_LEGEND, f" {alone:,} without any line: see the list." if alone else "", class_="hint"),
        tags.p(tags.a("Skip the drawing", href="#list"), class_="hint"),
        tags.div(_svg(graph, drawing, labels, project_url), class_="scroll graph", tabindex="0", role="region",
                 **{"aria-label": "Drawing of the dependency graph"}),
    ]  # fmt: skip


_NOTHING = "No requirement between the projects is known, so there is nothing to draw."
_LEGEND = (
    "A line leads from a project, on the left, to one that it requires. A line is left out if others lead there on a "
    "longer way: the list below has all. A dashed line leads back into a cycle. “?”: what the project requires is not "
    "known yet. “missing”: the lock does not pin it. “!”: no pin meets one of its requirements."
)


def _label(node: Node) -> str:
    name = node.project if len(node.project) <= _LONGEST else f"{node.project[: _LONGEST - 1]}…"
    return f"{name}{_MARKS[node.state]}{' !' if node.unmet else ''}"


def _svg(
    graph: DependencyGraph, drawing: Drawing, labels: dict[Project, str], project_url: Callable[[Project], str]
) -> Tag:
    size = {"width": str(drawing.width + 2), "height": str(drawing.height + 2)}
    box = {"viewBox": f"-1 -1 {drawing.width + 2} {drawing.height + 2}"}
    lines = [
        _tag("path", d=" ".join(map(_curve, each)), class_=kind, **{"aria-hidden": "true"})
        for each, kind in ((drawing.lines, "line"), (drawing.back, "line back"))
        if each
    ]
    nodes = [_node(graph.nodes[project], each, labels[project], project_url) for project, each in drawing.boxes.items()]
    return _tag("svg", *lines, *nodes, **size, **box)


def _node(node: Node, box: Box, label: str, project_url: Callable[[Project], str]) -> Tag:
    place = {"x": str(box.x), "y": str(box.y), "width": str(box.width), "height": str(box.height), "rx": "4"}
    kind = f"node {node.state.value}{' unmet' if node.unmet else ''}"
    text = _tag("text", label, x=str(box.x + _PADDING), y=str(box.y + box.height - 7))
    inside = [_tag("title", _title(node)), _tag("rect", **place), text]
    if node.state is NodeState.MISSING:
        return _tag("g", *inside, class_=kind)
    return _tag("a", *inside, href=project_url(node.project), class_=kind)


def _title(node: Node) -> str:
    return " ".join([node.project, ", ".join(node.versions)]).strip()


def _curve(points: Sequence[tuple[int, int]]) -> str:
    """Return a line as SVG has it: level where it passes a layer, and a curve between two of them."""
    (x, y), *rest = points
    found = [f"M{x} {y}"]
    for number, (to_x, to_y) in enumerate(rest):
        middle = (x + to_x) // 2
        found.append(f"H{to_x}" if number % 2 else f"C{middle} {y} {middle} {to_y} {to_x} {to_y}")
        x, y = to_x, to_y
    return "".join(found)


def _tag(name: str, *children: Tag | str, class_: str = "", **attributes: str) -> Tag:
    given: dict[str | bytes, Any] = {"class": class_} if class_ else {}
    given.update(attributes)
    return Tag(name, attributes=given, children=list(children))
