"""Writing what was measured into ``docs/performance.md``: the part between its two marks, and nothing else of it."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Sequence
from pathlib import Path

from attrs import asdict

from benchmarks.outcomes import Outcome, Plot, goals_table, markdown
from benchmarks.tools import environment

__all__ = ["PAGE", "replaced", "section", "write"]

PAGE = Path(__file__).parents[1] / "docs" / "performance.md"
_QUICK = "*From `--quick`, on a machine that did other things: this shows that it runs, and nothing of how fast it is.*"


def write(outcome: Outcome, setting: str, work: Path, quick: bool, page: Path = PAGE) -> None:
    """Tables and pictures of one part.

    :param setting: the machine and the versions.
    :param page: the pictures go into a folder beside it, of its name.
    """
    page.write_text(replaced(page.read_text(), outcome.part, section(outcome, setting, quick)))
    _draw(outcome.plots, page.with_suffix(""), work)


def section(outcome: Outcome, setting: str, quick: bool) -> str:
    """One part in Markdown, without a heading."""
    tables = [*outcome.tables, *([goals_table(outcome.goals)] if outcome.goals else [])]
    pictures = [f"![{plot.title}](performance/{plot.name}.png)\n" for plot in outcome.plots]
    blocks = [*([f"{_QUICK}\n"] if quick else []), f"{setting}\n", *map(markdown, tables)]
    said = [f"{each.caption}\n\n```text\n{_whole_lines(each.text)}\n```\n" for each in outcome.said]
    notes = "\n".join(f"- {note}" for note in outcome.notes)
    return "\n".join([*blocks, *said, *([f"{notes}\n"] if notes else []), *pictures])


def replaced(page: str, part: str, text: str) -> str:
    """The page with another text between the marks of a part.

    :raises SystemExit: it has no such marks.
    """
    begin, end = f"<!-- measured: {part} -->", f"<!-- end: {part} -->"
    found = re.search(f"{re.escape(begin)}.*?{re.escape(end)}", page, re.DOTALL)
    if found is None:
        raise SystemExit(f"the page has no place for {part}: {begin} and {end}, each in a line of its own")
    return "\n".join([page[: found.start()] + begin, "", text.strip(), "", end + page[found.end() :]])


def _draw(plots: Sequence[Plot], folder: Path, work: Path) -> None:
    if not plots:
        return
    folder.mkdir(exist_ok=True)
    python = environment(work, "plots", "matplotlib") / "python"
    drawing = [python, Path(__file__).with_name("plots.py"), folder]
    said = json.dumps([asdict(plot) for plot in plots])
    subprocess.run([str(word) for word in drawing], input=said, text=True, check=True, timeout=300)


def _whole_lines(text: str) -> str:
    """Without empty lines around it; the first one keeps its place in the columns."""
    return text.strip("\n").rstrip()
