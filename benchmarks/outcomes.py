"""What a part hands back, and how it reads in Markdown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from attrs import field, frozen

from benchmarks.figures import Goal

__all__ = ["Outcome", "Plot", "Said", "Series", "Table", "goals_table", "markdown"]


@frozen
class Table:
    """Rows under a head; the first column has names, the others figures.

    :param caption: a sentence before it.
    """

    caption: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]


@frozen
class Series:
    """One line of a curve, or one bar: x, the median, the least and the most."""

    name: str
    points: Sequence[tuple[float, float, float, float]]


@frozen
class Plot:
    """A picture.

    :param name: of its file, without ``.png``.
    :param kind: ``bars`` draws the first point of each series; ``curve`` draws lines.
    """

    name: str
    title: str
    kind: Literal["bars", "curve"]
    x: str
    y: str
    series: Sequence[Series]


@frozen
class Said:
    """What another program printed.

    :param caption: a sentence before it.
    """

    caption: str
    text: str


@frozen
class Outcome:
    """Of one part.

    :param notes: what a reader must know about how it was measured.
    """

    part: str
    title: str
    tables: Sequence[Table]
    goals: Sequence[Goal] = ()
    plots: Sequence[Plot] = ()
    notes: Sequence[str] = field(factory=list)
    said: Sequence[Said] = ()


def markdown(table: Table) -> str:
    """The table, with its caption."""
    widths = [max(len(row[column]) for row in [table.head, *table.rows]) for column in range(len(table.head))]
    rule = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
    lines = [_line(row, widths) for row in [table.head, rule, *table.rows]]
    return "\n".join([table.caption, "", *lines, ""])


def goals_table(goals: Sequence[Goal]) -> Table:
    """Target, measured, met or not."""
    rows = [(goal.what, goal.target, goal.got, "yes" if goal.met else "**no**") for goal in goals]
    return Table("Targets:", ("", "target", "measured", "met"), rows)


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    first, *others = zip(cells, widths, strict=True)
    padded = [first[0].ljust(first[1]), *(cell.rjust(width) for cell, width in others)]
    return f"| {' | '.join(padded)} |"
