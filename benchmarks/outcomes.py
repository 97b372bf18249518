"""The result of a part, and its representation in Markdown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from attrs import field, frozen

from benchmarks.figures import Goal

__all__ = ["Outcome", "Plot", "Said", "Series", "Table", "goals_table", "markdown"]


@frozen
class Table:
    """A table whose first column has names, and whose other columns have figures.

    :param caption: the sentence before the table.
    """

    caption: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]


@frozen
class Series:
    """One line of a curve, or one bar.

    :param points: of each point, x, the median, the minimum and the maximum.
    """

    name: str
    points: Sequence[tuple[float, float, float, float]]


@frozen
class Plot:
    """A picture.

    :param name: the name of its file, without ``.png``.
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
    """The output of another program.

    :param caption: the sentence before the output.
    """

    caption: str
    text: str


@frozen
class Outcome:
    """The results of one part.

    :param part: its name on the command line and in the marks of the page.
    :param notes: sentences about how it was measured.
    :param said: the output of other programs.
    :param page: the page of the documentation that has the marks.
    """

    part: str
    title: str
    tables: Sequence[Table]
    goals: Sequence[Goal] = ()
    plots: Sequence[Plot] = ()
    notes: Sequence[str] = field(factory=list)
    said: Sequence[Said] = ()
    page: str = "performance.md"


def markdown(table: Table) -> str:
    """Return the table in Markdown, after its caption."""
    widths = [max(len(row[column]) for row in [table.head, *table.rows]) for column in range(len(table.head))]
    rule = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
    lines = [_line(row, widths) for row in [table.head, rule, *table.rows]]
    return "\n".join([table.caption, "", *lines, ""])


def goals_table(goals: Sequence[Goal]) -> Table:
    """Return a table of the goals: target, measurement, and whether the target is met."""
    rows = [(goal.what, goal.target, goal.got, "yes" if goal.met else "**no**") for goal in goals]
    return Table("Targets:", ("", "target", "measured", "met"), rows)


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    first, *others = zip(cells, widths, strict=True)
    padded = [first[0].ljust(first[1]), *(cell.rjust(width) for cell, width in others)]
    return f"| {' | '.join(padded)} |"
