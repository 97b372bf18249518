"""The pins of an address, and the files of each, as far as they are known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain, islice
from urllib.parse import quote

from twisted.web.template import Tag, tags

from reqpi.core import admission
from reqpi.core.model import Commitment, File, Page, Pin, Project

__all__ = ["pins_table", "shown_pins"]

_MOST_ROWS = 2000
"""Pins shown on one page, at most. A longer lock is read by programs."""


def _link(text: str, url: str) -> Tag:
    return tags.div(tags.code(tags.a(text, href=url)))


def shown_pins(commitment: Commitment) -> list[Pin]:
    """Return the pins that are shown, by project in alphabetical order."""
    return list(islice(chain.from_iterable(commitment.lock.projects.values()), _MOST_ROWS))


def pins_table(commitment: Commitment, here: str, frozen: Mapping[Project, Page]) -> Tag:
    """Return the table of the pins of a lock.

    :param here: the relative URL of what is below the address.
    """
    shown = shown_pins(commitment)
    count = len(commitment.lock.pins)
    more = f", of which the first {len(shown)} are shown" if len(shown) < count else ""
    files: dict[Pin, Sequence[File]] = {}
    for page in frozen.values():
        files.update(admission.by_pin(commitment.lock, page))
    rows = [_row(pin, here, files.get(pin, ()) if pin.project in frozen else None) for pin in shown]
    table = tags.table(
        tags.caption(
            f"{count} pin{'' if count == 1 else 's'}{more}. Files are known once a client has requested the project."
        ),
        tags.thead(tags.tr([tags.th(name, scope="col") for name in ("project", "version", "marker", "files")])),
        tags.tbody(rows),
    )
    return tags.div(table, class_="scroll")


def _row(pin: Pin, here: str, ours: Sequence[File] | None) -> Tag:
    index = f"{here}simple/{pin.project}/"
    name = f"{pin.project}[{','.join(pin.extras)}]" if pin.extras else pin.project
    files: list[Tag] | Tag = tags.span("not requested yet", class_="faint")
    if ours is not None:
        files = tags.details(
            tags.summary(str(len(ours))), [_link(file.filename, f"{index}{quote(file.filename)}") for file in ours]
        )
    return tags.tr(
        tags.td(tags.a(name, href=index)),
        tags.td(pin.version),
        tags.td(tags.code(pin.marker or "")),
        tags.td(files),
    )
