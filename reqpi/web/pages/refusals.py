"""The part of a page about what was refused: what, why, how often, and what to add to the lock."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice
from urllib.parse import quote

from twisted.web.template import Tag, tags

from reqpi.core.denials import Denial
from reqpi.core.graph import DependencyGraph
from reqpi.core.locks.adding import how_to_pin
from reqpi.core.model import File, Project
from reqpi.shelf.freezings import PageFreezing
from reqpi.shelf.refusals import RecordedRefusal
from reqpi.web.pages.frame import command, scrolled
from reqpi.web.pages.text import counted, inline, shown_time

__all__ = ["UNNAMED", "denied", "refused", "trusted_on_first_use"]

_MOST_ROWS = 500
"""Rows of a table. Programs read longer ones."""

_MOST_REQUIRING = 5
"""Projects that are named as requiring another one."""

UNNAMED = "a client without a token"
"""Stands for a client that has no name."""


def refused(
    refusals: Sequence[RecordedRefusal],
    lines: Mapping[Project, str] | None,
    formats: str,
    graph: DependencyGraph | None,
    here: str,
) -> list[Tag]:
    """Return the section about refusals, or that there was none.

    :param lines: for each project the line that pins it; ``None``: they were not looked up.
    :param formats: see :attr:`reqpi.core.model.Lock.format`.
    :param graph: says which pinned projects require what was refused.
    :param here: the relative URL of the address, with a slash at its end; empty for the folder of the page.
    """
    title = tags.h2("Recently refused", id="refused")
    if not refusals:
        return [title, tags.p("No request was refused: the lock admits all that clients asked for.")]
    head = [_heading(name) for name in ("request", "reason", "required by", "times", "first", "last")]
    rows = [_row(each, graph, here) for each in sorted(refusals, key=lambda each: -each.last)[:_MOST_ROWS]]
    table = tags.table(
        tags.caption("The lock does not admit these. A build that needs one of them fails until the lock pins it."),
        tags.thead(tags.tr(head)),
        tags.tbody(rows),
    )
    projects = sorted({each.project for each in refusals if each.filename is None})
    return [title, scrolled(table, "Refused"), *_advice(projects, lines, formats)]


def _heading(name: str) -> Tag:
    return tags.th(name, scope="col", **({"class": "number"} if name == "times" else {}))


def _row(refusal: RecordedRefusal, graph: DependencyGraph | None, here: str) -> Tag:
    return tags.tr(
        tags.td(tags.code(refusal.filename or refusal.project)),
        tags.td(refusal.reason),
        tags.td(_required_by(refusal.project, graph, here)),
        tags.td(f"{refusal.count:,}", class_="number"),
        tags.td(shown_time(refusal.first)),
        tags.td(shown_time(refusal.last)),
    )


def _required_by(project: Project, graph: DependencyGraph | None, here: str) -> list[Tag | str]:
    """Return the pinned projects that require one, as far as core metadata in the store tells."""
    if graph is None or project not in graph.nodes:
        return []
    by = graph.required_by[project]
    if not by:
        return ["no pin"]
    shown = ", ".join(by[:_MOST_REQUIRING])
    more = f" and {len(by) - _MOST_REQUIRING:,} more" if len(by) > _MOST_REQUIRING else ""
    why = tags.a("why?", href=f"{here}graph?why={quote(project)}", **{"aria-label": f"why {project}?"})
    return [f"{shown}{more} ", why]


def _advice(projects: Sequence[Project], lines: Mapping[Project, str] | None, formats: str) -> list[Tag]:
    """Return what to do about projects that the lock does not pin."""
    if not projects:
        return []
    how = tags.p(inline(f"{how_to_pin(formats, projects[0])}, commit the file again, and use its new address."))
    if lines is None:
        return [how, tags.p(tags.a("Look up the lines to add", href="?suggest=1#refused"), ".")]
    found = "\n".join(lines[project] for project in projects if project in lines)
    if not found:
        return [how, tags.p("The index did not say which versions there are. Try again later.", class_="hint")]
    return [
        how,
        tags.p(f"The newest {'release' if found.count(chr(10)) == 0 else 'releases'} now:"),
        command("lines-to-add", found, "Copy the lines to add"),
    ]


def denied(withheld: Sequence[tuple[File, Denial]]) -> list[Tag]:
    """Return the section about files that the operator denies; nothing if there are none."""
    if not withheld:
        return []
    rows = [
        tags.tr(tags.td(tags.code(file.filename)), tags.td(denial.because), tags.td(shown_time(denial.at)))
        for file, denial in withheld[:_MOST_ROWS]
    ]
    head = [tags.th(name, scope="col") for name in ("file", "reason", "since")]
    caption = tags.caption(f"The lock admits {counted(len(withheld), 'file')} that the operator does not allow.")
    table = tags.table(caption, tags.thead(tags.tr(head)), tags.tbody(rows))
    return [tags.h2("Denied by the operator"), scrolled(table, "Denied by the operator")]


def trusted_on_first_use(freezings: Mapping[Project, PageFreezing], *, named: bool) -> list[Tag]:
    """Return the table of pages that the lock gives no digests for: the upstream decided what is on them.

    :param named: the names of clients are shown.
    """
    if not freezings:
        return []
    rows = [_freezing(project, freezing, named) for project, freezing in islice(freezings.items(), _MOST_ROWS)]
    head = [tags.th(name, scope="col") for name in ("project", "frozen", *(("for",) if named else ()))]
    caption = tags.caption("The lock has no digests for these: the files that were seen first are served from then on.")
    table = tags.table(caption, tags.thead(tags.tr(head)), tags.tbody(rows))
    return [tags.h2("Trusted on first use"), scrolled(table, "Trusted on first use")]


def _freezing(project: Project, freezing: PageFreezing, named: bool) -> Tag:
    again = ", again" if freezing.again else ""
    by = [tags.td(freezing.by or UNNAMED)] if named else []
    return tags.tr(tags.td(project), tags.td(shown_time(freezing.at), again), by)
