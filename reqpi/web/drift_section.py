"""The section on drift of the page for people."""

from __future__ import annotations

from itertools import islice

from twisted.web.template import Tag, tags

from reqpi.core.drift.finding import KINDS, Finding
from reqpi.core.drift.report import DriftReport
from reqpi.web.pages.frame import scrolled

__all__ = ["section_of"]

_MOST_ROWS = 500
"""Findings on a page. All of them are in the report."""

_ORDER = {kind: number for number, kind in enumerate(KINDS)}


def section_of(report: DriftReport | None, link: str) -> list[Tag]:
    """Return the heading and the table, the most serious findings first.

    :param report: ``None``: the lock is too long to be looked at for a page.
    :param link: to the report.
    """
    title = tags.h2("What became of it")
    if report is None:
        return [title, tags.p("The lock is too long to be looked at here: see the ", tags.a("report", href=link), ".")]
    rows = [_row(finding) for finding in islice(sorted(report.findings, key=_serious), _MOST_ROWS)]
    head = tags.tr([tags.th(name, scope="col") for name in ("release", "file", "finding", "since")])
    count = len(report.findings)
    what = (
        f"{count} finding{'' if count == 1 else 's'} of the last look at its indexes" if count else "Nothing is known"
    )
    said = tags.p(f"{what}; the ", tags.a("report", href=link), " looks again. The files here stay as they are.")
    return [
        title,
        said,
        *([scrolled(tags.table(tags.thead(head), tags.tbody(rows)), "Drift")] if rows else []),
    ]


def _serious(finding: Finding) -> tuple[int, tuple[str, ...]]:
    return _ORDER[finding.kind], finding.order


def _row(finding: Finding) -> Tag:
    return tags.tr(
        tags.td(f"{finding.project} {finding.version}"),
        tags.td(tags.code(finding.filename or "all files")),
        tags.td(f"{KINDS[finding.kind].title}: {finding.text}"),
        tags.td(finding.first_seen),
    )
