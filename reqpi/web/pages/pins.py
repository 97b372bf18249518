"""The table of pins, and the list of the files of each. Each text in it is of a stranger, and is shown as text."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import chain, count, islice
from urllib.parse import quote

from twisted.web.template import Tag, tags

from reqpi.core.model import Commitment, File, Pin
from reqpi.core.sbom.text import words
from reqpi.core.shown_urls import as_shown
from reqpi.web.pages.files import file_facts, sha256_of
from reqpi.web.pages.frame import scrolled
from reqpi.web.pages.pin_query import COLUMNS
from reqpi.web.pages.pin_rows import PinRow, version_key
from reqpi.web.pages.text import counted, shown_size

__all__ = ["FIRST_FILES", "FIRST_PINS", "first_pins", "pins_table", "shown_pins"]

FIRST_PINS = 25
"""Pins that the page of an address shows."""

FIRST_FILES = 5
"""Files of a pin that the page of an address lists."""

_MOST_FILES = 4000
"""Files that one table lists."""

_MOST_COUNTED = 2000
"""Pins whose frozen pages are counted on the page of an address."""

_LONGEST = 500
"""Characters of a marker, and of a version."""

_NUMBERS = {"size": {"class": "number"}}
"""The attributes of the headings of columns of numbers, which stand on the right."""

Heading = Callable[[str], tuple[Tag | str, dict[str, str]]]
"""Returns what stands in the heading of a column, and the attributes of the heading."""


def shown_pins(commitment: Commitment) -> list[Pin]:
    """Return the first pins, by project in alphabetical order, as many as are looked at for a page."""
    return list(islice(chain.from_iterable(commitment.lock.projects.values()), _MOST_COUNTED))


def first_pins(commitment: Commitment, here: str, rows: Sequence[PinRow]) -> list[Tag]:
    """Return the table of the first pins, and a link to the page of all."""
    total = len(commitment.lock.pins)
    more = f", of which the first {len(rows):,} are shown" if len(rows) < total else ""
    caption = f"{counted(total, 'pin')}{more}. Files are known once a client has requested the project."
    search = tags.a("Search and sort all pins", href=f"{here}pins")
    compare = tags.a("compare this lock with another", href=f"{here}diff")
    return [tags.p(search, ", or ", compare, "."), pins_table(rows, here, caption)]


def pins_table(
    rows: Sequence[PinRow],
    here: str,
    caption: Tag | str,
    heading: Heading = lambda column: (column, {}),
    *,
    opened: bool = False,
    whole: bool = False,
) -> Tag:
    """Return the table of some pins.

    :param here: the relative URL of what is below the address.
    :param opened: the files of each pin are shown at once.
    :param whole: these are all pins, so that a script may search and sort them.
    """
    ranks = {key: rank for rank, key in enumerate(sorted({version_key(row.pin) for row in rows}))}
    numbers = count(1)
    left = _MOST_FILES
    bodies = []
    for row in rows:
        files = (row.files or ())[:left]
        left -= len(files)
        cells = _cells(row, here, ranks[version_key(row.pin)] if whole else None)
        below = [_files(row, files, here, numbers, opened=opened)] if row.count else []
        bodies.append(tags.tbody(tags.tr(cells), below, **{"data-find": row.found_by} if whole else {}))
    heads = [_heading(column, *heading(column)) for column in COLUMNS]
    attributes = {"data-whole": "1"} if whole else {}
    table = tags.table(tags.caption(caption), tags.thead(tags.tr(heads)), bodies, class_="pins", **attributes)
    return scrolled(table, "Pins")


def _heading(column: str, shown: Tag | str, attributes: Mapping[str, str]) -> Tag:
    return tags.th(shown, scope="col", **_NUMBERS.get(column, {}), **attributes)


def _cells(row: PinRow, here: str, rank: int | None) -> list[Tag]:
    """Return the cells of a pin.

    :param rank: of its version among those of the table, for a script that sorts; ``None``: none does.
    """
    pin = row.pin
    name = f"{pin.project}[{','.join(pin.extras)}]" if pin.extras else pin.project
    version = as_shown(row.version) if pin.source else row.version
    kinds = tags.span("not requested yet", class_="faint") if row.files is None else row.kinds

    def by(key: float) -> dict[str, str]:
        return {} if rank is None else {"data-sort": f"{key}"}

    return [
        tags.th(tags.a(name, href=f"{here}pins/{quote(pin.project)}"), scope="row"),
        tags.td(words(version, _LONGEST), **by(rank or 0)),
        tags.td(tags.code(words(pin.marker or "", _LONGEST))),
        tags.td(kinds, **by(row.count)),
        tags.td(shown_size(row.size) if row.count else "", class_="number", **by(row.size or 0)),
        tags.td(row.digests, class_="warn" if pin.trusted_on_first_use else ""),
        tags.td(_licence(row)),
        tags.td(_state(row), **by((row.held or 0) / max(row.count, 1))),
    ]


def _licence(row: PinRow) -> str | Tag:
    if row.licences is None:
        return tags.span("not known yet", class_="faint") if row.count else ""
    return words(", ".join(row.licences), _LONGEST) or "none stated"


def _state(row: PinRow) -> list[Tag | str]:
    """Return what there is to say about a pin now: all that changes with time."""
    said: list[Tag | str] = []
    if row.held is not None and row.count:
        good = row.held == row.count
        said.append(tags.div(f"{row.held:,} of {row.count:,} held", class_="good" if good else "faint"))
    yanked = sum(file.yanked is not None for file in row.files or ())
    if yanked:
        said.append(tags.div(f"{yanked:,} yanked", class_="warn"))
    if row.withheld:
        said.append(tags.div("some files are denied", class_="bad"))
    said += [tags.div(each.text, class_=each.shown_as) for each in row.drift]
    return said


def _files(row: PinRow, files: Iterable[File], here: str, numbers: Iterable[int], *, opened: bool) -> Tag:
    """Return the second line of a pin, which opens to its files."""
    listed = [_file(file, here, number) for file, number in zip(files, numbers, strict=False)]
    more = row.count - len(listed)
    project = row.pin.project
    if more:
        link = tags.a(f"all files of {project}", href=f"{here}pins/{quote(project)}") if not opened else "files.json"
        listed.append(tags.li(f"{counted(more, 'more file')}: ", link))
    summary = tags.summary(f"{counted(row.count, 'file')} of {project} {words(row.pin.version, 100)}".rstrip())
    opening = {"open": "open"} if opened else {}
    details = tags.details(summary, tags.ul(listed, class_="files"), **opening)
    return tags.tr(tags.td(details, colspan=str(len(COLUMNS))))


def _file(file: File, here: str, number: int) -> Tag:
    link = tags.a(file.filename, href=f"{here}pins/{quote(file.project)}/{quote(file.filename)}")
    return tags.li(link, f" {file_facts(file)}. sha256 ", sha256_of(file, f"sha256-{number}"))
