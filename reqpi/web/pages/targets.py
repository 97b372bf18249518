"""The part of the page of an address about targets: for which platforms and Pythons the lock has all that it needs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from twisted.web.template import Tag, tags

from reqpi.core.closed import ClosedReport, CoveredTarget
from reqpi.web.pages.frame import scrolled
from reqpi.web.pages.text import counted

__all__ = ["targets_of"]

_MOST = 100
"""Releases that are listed as lacking, and as many that have to be built."""

Where = Mapping[str, Sequence[str]]
"""For each release the targets that it is said about."""


def targets_of(covered: Sequence[CoveredTarget] | None, report: ClosedReport | None, here: str) -> list[Tag]:
    """Return the section.

    :param covered: ``None``: it is not known yet, or the lock is too long.
    :param report: on the requirements of the releases; ``None``: it was not made recently.
    :param here: the relative URL of the address, with a slash at its end; empty for the folder of the page.
    """
    title = tags.h2("What it is for", id="targets")
    if covered is None:
        unknown = "Which platforms and Pythons the lock has files for is shown once all of its projects are frozen."
        return [title, tags.p(unknown), _requirements(report, here)]
    if not covered:
        return [title, tags.p("The lock is for none of the common platforms and Pythons."), _requirements(report, here)]
    lacking = _where((each, each.lacking) for each in covered)
    built = _where((each, each.built) for each in covered)
    return [
        title,
        scrolled(_table(covered), "Platforms and Pythons"),
        *_listed("Without a file there", lacking),
        *_listed("To be built there: only an sdist of it is pinned", built),
        _requirements(report, here),
    ]


def _table(covered: Sequence[CoveredTarget]) -> Tag:
    """Return the table: a row for each platform, a column for each Python."""
    cells = {(each.platform, each.python): each for each in covered}
    pythons = list(dict.fromkeys(each.python for each in covered))
    head = [tags.th(name, scope="col") for name in ("platform", *(f"Python {python}" for python in pythons))]
    rows = [
        tags.tr(
            tags.th(platform, scope="row"),
            [tags.td(_cell(cells[platform, python]) if (platform, python) in cells else "") for python in pythons],
        )
        for platform in dict.fromkeys(each.platform for each in covered)
    ]
    caption = tags.caption("Whether the lock has a file of every pin that applies there, with CPython.")
    return tags.table(caption, tags.thead(tags.tr(head)), tags.tbody(rows))


def _cell(covered: CoveredTarget) -> list[Tag | str]:
    build = [tags.div(f"{len(covered.built):,} to be built", class_="faint")] if covered.built else []
    if covered.lacking:
        return [tags.span(f"{counted(len(covered.lacking), 'pin')} without a file", class_="warn"), *build]
    return [tags.span("all pins", class_="good"), *build]


def _where(found: Iterable[tuple[CoveredTarget, Sequence[str]]]) -> Where:
    where: dict[str, list[str]] = {}
    for target, releases in found:
        for release in releases:
            where.setdefault(release, []).append(f"{target.platform} {target.python}")
    return where


def _listed(summary: str, where: Where) -> list[Tag]:
    """Return the releases, each with its targets; nothing if there is none."""
    if not where:
        return []
    items = [tags.li(tags.code(release), f": {', '.join(where[release])}") for release in [*where][:_MOST]]
    more = [tags.li(f"{len(where) - _MOST:,} more")] if len(where) > _MOST else []
    return [tags.details(tags.summary(f"{summary}: {counted(len(where), 'release')}"), tags.ul(items, more))]


def _requirements(report: ClosedReport | None, here: str) -> Tag:
    """Return whether all requirements are pinned, as far as that was looked up."""
    link = tags.a("closed", href=f"{here}closed")
    if report is None or report.troubles:
        return tags.p("Whether it pins all that its releases require is not known here yet: ", link, " looks it up.")
    if report.closed:
        return tags.p("It pins all that its releases require: ", link, " has the environments.", class_="good")
    unmet = counted(len(report.unmet), "requirement is", "requirements are")
    return tags.p(f"{unmet} not met by a pin: ", link, " lists them.", class_="warn")
