"""The part of a page about what was refused: what, why, how often, and what to add to the lock."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice

from twisted.web.template import Tag, tags

from reqpi.core.denials import Denial
from reqpi.core.locks.adding import how_to_pin
from reqpi.core.model import File, Project
from reqpi.shelf.freezings import PageFreezing
from reqpi.shelf.refusals import RecordedRefusal
from reqpi.web.pages.frame import command, scrolled
from reqpi.web.pages.text import counted, inline, shown_time

__all__ = ["denied", "refused", "trusted_on_first_use"]

_MOST_ROWS = 500
"""Rows of a table. Programs read longer ones."""


def refused(refusals: Sequence[RecordedRefusal], lines: Mapping[Project, str] | None, formats: str) -> list[Tag]:
    """Return the section about refusals, or that there was none.

    :param lines: for each project the line that pins it; ``None``: they were not looked up.
    :param formats: see :attr:`reqpi.core.model.Lock.format`.
    """
    title = tags.h2("Recently refused", id="refused")
    if not refusals:
        return [title, tags.p("No request was refused: the lock admits all that clients asked for.")]
    head = [tags.th(name, scope="col") for name in ("request", "reason", "times", "first", "last")]
    rows = [_row(each) for each in sorted(refusals, key=lambda each: -each.last)[:_MOST_ROWS]]
    table = tags.table(
        tags.caption("The lock does not admit these. A build that needs one of them fails until the lock pins it."),
        tags.thead(tags.tr(head)),
        tags.tbody(rows),
    )
    projects = sorted({each.project for each in refusals if each.filename is None})
    return [title, scrolled(table, "Refused"), *_advice(projects, lines, formats)]


def _row(refusal: RecordedRefusal) -> Tag:
    return tags.tr(
        tags.td(tags.code(refusal.filename or refusal.project)),
        tags.td(refusal.reason),
        tags.td(f"{refusal.count:,}", class_="number"),
        tags.td(shown_time(refusal.first)),
        tags.td(shown_time(refusal.last)),
    )


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


def trusted_on_first_use(freezings: Mapping[Project, PageFreezing]) -> list[Tag]:
    """Return the table of pages that the lock gives no digests for: the upstream decided what is on them."""
    if not freezings:
        return []
    rows = [_freezing(project, freezing) for project, freezing in islice(freezings.items(), _MOST_ROWS)]
    head = [tags.th(name, scope="col") for name in ("project", "frozen", "for")]
    caption = tags.caption("The lock has no digests for these: the files that were seen first are served from then on.")
    table = tags.table(caption, tags.thead(tags.tr(head)), tags.tbody(rows))
    return [tags.h2("Trusted on first use"), scrolled(table, "Trusted on first use")]


def _freezing(project: Project, freezing: PageFreezing) -> Tag:
    again = ", again" if freezing.again else ""
    return tags.tr(
        tags.td(project), tags.td(shown_time(freezing.at), again), tags.td(freezing.by or "a client without a token")
    )
