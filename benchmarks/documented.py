"""Writing results into ``docs/performance.md``: only the text between the two marks of a part is replaced."""

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
_QUICK = "*From `--quick`, on a machine that also did other work: this shows that the part runs, not how fast it is.*"


def write(outcome: Outcome, setting: str, work: Path, quick: bool, page: Path = PAGE) -> None:
    """Write the tables and the pictures of one part.

    :param setting: the machine and the versions, in one paragraph.
    :param work: the folder of the environment that has matplotlib.
    :param page: pictures are written into a folder next to it, with its name without the suffix.
    :raises SystemExit: the page has no marks of this part.
    """
    page.write_text(replaced(page.read_text(), outcome.part, section(outcome, setting, quick)))
    _draw(outcome.plots, page.with_suffix(""), work)


def section(outcome: Outcome, setting: str, quick: bool) -> str:
    """Return the results of one part in Markdown, without a heading."""
    tables = [*outcome.tables, *([goals_table(outcome.goals)] if outcome.goals else [])]
    pictures = [f"![{plot.title}](performance/{plot.name}.png)\n" for plot in outcome.plots]
    blocks = [*([f"{_QUICK}\n"] if quick else []), f"{setting}\n", *map(markdown, tables)]
    said = [f"{each.caption}\n\n```text\n{_whole_lines(each.text)}\n```\n" for each in outcome.said]
    notes = "\n".join(f"- {note}" for note in outcome.notes)
    return "\n".join([*blocks, *said, *([f"{notes}\n"] if notes else []), *pictures])


def replaced(page: str, part: str, text: str) -> str:
    """Return the page with ``text`` between the marks of a part.

    :raises SystemExit: the page has no marks of this part.
    """
    begin, end = f"<!-- measured: {part} -->", f"<!-- end: {part} -->"
    found = re.search(f"{re.escape(begin)}.*?{re.escape(end)}", page, re.DOTALL)
    if found is None:
        raise SystemExit(f"the page has no place for {part}: {begin} and {end}, each on a line of its own")
    return "\n".join([page[: found.start()] + begin, "", text.strip(), "", end + page[found.end() :]])


def _draw(plots: Sequence[Plot], folder: Path, work: Path) -> None:
    if not plots:
        return
    folder.mkdir(exist_ok=True)
    python = environment(work, "plots", "matplotlib") / "python"
    drawing = [python, Path(__file__).with_name("plots.py"), folder]
    encoded = json.dumps([asdict(plot) for plot in plots])
    subprocess.run([str(word) for word in drawing], input=encoded, text=True, check=True, timeout=300)


def _whole_lines(text: str) -> str:
    """Return the text without empty lines around it; the first line keeps its indentation, which aligns columns."""
    return text.strip("\n").rstrip()
