"""The part of the page of two locks about advisories: those that the change fixes, and those that it brings."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import quote

from twisted.web.template import Tag, tags

from reqpi.core.advisories.changed import AdvisedChange, AdvisedChanges
from reqpi.core.advisories.model import Advisory
from reqpi.core.sbom.text import words
from reqpi.web.pages.frame import Shown, scrolled
from reqpi.web.pages.text import counted

__all__ = ["advised_words", "advisories_of"]

_MOST = 500
"""Rows of the table."""

_MOST_NAMED = 3
"""Advisories that are named in the row of a project."""

_LONGEST = 300
"""Characters of a text of an advisory."""

_STATES = {"brought": ("new", "bad"), "kept": ("in both", "warn"), "fixed": ("fixed", "good")}
"""The parts of an :class:`AdvisedChange`, the most urgent first: how a person reads each, and its class."""


def advisories_of(advised: AdvisedChanges, here: str) -> list[Tag]:
    """Return the section about all advisories.

    :param here: the relative URL of what is below the second address.
    """
    rows = list(_rows(advised, here))
    left_out = "The advisories about {} were not compared: there are too many."
    notes = [tags.p(left_out.format(counted(advised.unread, "project")), class_="note")] if advised.unread else []
    title = tags.h2("Advisories", id="advisories")
    if not rows:
        return [title, *notes, tags.p("No advisory that this server knows affects a release that differs.")]
    head = tags.tr([tags.th(name, scope="col") for name in ("advisory", "state", "project", "summary")])
    more = f" The first {_MOST:,} are shown." if len(rows) > _MOST else ""
    table = tags.table(tags.caption(f"{_summary(advised)}{more}"), tags.thead(head), tags.tbody(rows[:_MOST]))
    return [title, *notes, scrolled(table, "Advisories")]


def advised_words(change: AdvisedChange | None) -> list[Shown]:
    """Return the advisories about one project, in few words."""
    if change is None:
        return []
    return [
        tags.div(f"{word}: {_named(found)}", class_=shown_as)
        for name, (word, shown_as) in _STATES.items()
        if (found := getattr(change, name))
    ]


def _named(advisories: tuple[Advisory, ...]) -> str:
    more = f" and {len(advisories) - _MOST_NAMED:,} more" if len(advisories) > _MOST_NAMED else ""
    return ", ".join(words(each.id, _LONGEST) for each in advisories[:_MOST_NAMED]) + more


def _summary(advised: AdvisedChanges) -> str:
    brought, kept, fixed = (
        sum(len(getattr(each, name)) for each in advised.by_project.values()) for name in _STATES
    )  # fmt: skip
    return f"From the first lock to the second, {fixed:,} fixed, {brought:,} new, {kept:,} in both."


def _rows(advised: AdvisedChanges, here: str) -> Iterator[Tag]:
    """Yield a row for each advisory, the new ones first."""
    for name, (word, shown_as) in _STATES.items():
        for project, change in advised.by_project.items():
            for advisory in getattr(change, name):
                yield _row(advisory, project, tags.strong(word, class_=shown_as), here)


def _row(advisory: Advisory, project: str, state: Tag, here: str) -> Tag:
    link = tags.a(words(advisory.id, _LONGEST), href=f"{here}osv/v1/vulns/{quote(advisory.id, safe='')}")
    malware = [tags.strong("Malware. ", class_="bad")] if advisory.malware else []
    summary = [*malware, words(advisory.summary, _LONGEST)]
    return tags.tr(tags.th(link, scope="row"), tags.td(state), tags.td(project), tags.td(summary))
