"""The page of all pins of an address, to search and to sort; and the page of the pins of one project."""

from __future__ import annotations

from collections.abc import Sequence

from attrs import evolve, frozen
from packaging.utils import canonicalize_name
from twisted.web.server import Request
from twisted.web.template import Tag, tags

from reqpi.core.model import Commitment
from reqpi.runtime.derived_cache import DerivedCache
from reqpi.runtime.offload import in_thread
from reqpi.shelf.not_admitted import named_project, not_pinned
from reqpi.shelf.shelf import Shelf
from reqpi.web.pages.action_forms import actions_on_project
from reqpi.web.pages.frame import Frame, Shown, root_of, send_page
from reqpi.web.pages.pin_drift import KnownFindings, drift_words
from reqpi.web.pages.pin_query import ON_EVERY_PAGE, PinQuery
from reqpi.web.pages.pin_rows import PinRow, read_rows
from reqpi.web.pages.pins import pins_table
from reqpi.web.pages.text import counted

__all__ = ["back_to", "pins_page", "project_page"]

_ROWS = 500
"""Pins of one page. A lock that has no more is searched and sorted in the browser."""

_FILES = 20
"""Files of a pin that the table lists."""

_FILES_OF_PROJECT = 1000
"""Files of a pin that the page of its project lists."""


@frozen
class _Shown:
    """Everything that the page shows.

    :param found: how many pins the search has found.
    :param rows: those of this page.
    """

    commitment: Commitment
    root: str
    query: PinQuery
    found: int
    rows: tuple[PinRow, ...]

    @property
    def here(self) -> str:
        """The relative URL of what is below the address."""
        return f"{self.root}{self.commitment.address}/"

    @property
    def one_page(self) -> bool:
        """Whether the page has all pins of the lock, before any search."""
        return len(self.commitment.lock.pins) <= _ROWS

    @property
    def pages(self) -> int:
        """The number of pages."""
        return max(1, -(-self.found // _ROWS))


async def pins_page(
    request: Request, shelf: Shelf, rendered: DerivedCache[bytes], known: KnownFindings | None, address: str
) -> bytes:
    """Answer ``GET /<address>/pins``.

    :param rendered: pages that were rendered before, each for equal rows.
    :param known: returns the drift of a lock, which is shown if all of its pins are on one page.
    """
    commitment = await shelf.commitment(address)
    query = PinQuery.of(request)
    selected = await in_thread(query.selected, commitment.lock.pins)
    start = (query.page - 1) * _ROWS
    rows = await read_rows(shelf, commitment, selected[start : start + _ROWS], _FILES)
    if len(commitment.lock.pins) <= _ROWS:
        said = drift_words(await known(request, commitment)) if known else {}
        rows = query.ordered(evolve(row, drift=said.get((row.pin.project, row.pin.version), ())) for row in rows)
    shown = _Shown(commitment, root_of(request), query, len(selected), tuple(rows))
    key = (commitment.address, shown.root, query, shown.found, await in_thread(hash, shown.rows))
    body = rendered.get(commitment, key)
    if body is None:
        body = await in_thread(_rendered, shown)
        rendered.put(commitment, key, body, len(body))
    return send_page(request, body)


async def project_page(request: Request, shelf: Shelf, address: str, name: str) -> bytes:
    """Answer ``GET /<address>/pins/<project>``: its pins with all of their files.

    :raises reqpi.core.errors.NotAdmitted: the lock does not pin it.
    :raises reqpi.core.errors.NotServed: the name is not a valid project name.
    """
    commitment = await shelf.commitment(address)
    project = named_project(name, commitment.lock)
    pins = commitment.lock.projects.get(project)
    if pins is None:
        raise not_pinned(commitment, project)
    rows = await read_rows(shelf, commitment, pins[:_ROWS], _FILES_OF_PROJECT)
    shown = _Shown(commitment, root_of(request), PinQuery(), len(pins), tuple(rows))
    actions = await actions_on_project(request, shelf, commitment, shown.here, project)
    return send_page(request, await in_thread(_rendered_project, shown, project, actions))


def back_to(here: str, commitment: Commitment, *more: Tag) -> Tag:
    """Return the way from a page back to that of its address.

    :param here: the relative URL of what is below the address.
    :param more: links to the pages between.
    """
    steps = [tags.a(f"Lock {commitment.short}", href=here), *more]
    return tags.nav(tags.ol([tags.li(step) for step in steps]), class_="path", **{"aria-label": "You are below"})


def _rendered(shown: _Shown) -> bytes:
    """Render the page, in a thread."""
    body = [back_to(shown.here, shown.commitment), _search(shown), _table(shown), _turning(shown)]
    return Frame(f"Pins of lock {shown.commitment.short}", shown.root, body).rendered()


def _rendered_project(shown: _Shown, project: str, actions: Sequence[Tag]) -> bytes:
    pins = tags.a("pins", href=f"{shown.here}pins")
    caption = f"{counted(shown.found, 'pin')} of {project}. {_KNOWN}"
    page = tags.a(f"The index page of {project}", href=f"{shown.here}simple/{canonicalize_name(project)}/")
    table = pins_table(shown.rows, shown.here, caption, opened=True)
    body = [
        back_to(shown.here, shown.commitment, pins),
        *actions,
        table,
        tags.p(page, " is the one that clients read."),
    ]
    return Frame(f"{project} in lock {shown.commitment.short}", shown.root, body).rendered()


_WORDS = (
    "A marker says on which systems a pin counts. The digest of a file proves its bytes: it is that of the lock, or "
    "that of the file that was seen first (trust on first use). A file is held if the store of this server has it."
)

_KNOWN = "Files are known once a client has requested the project."


def _search(shown: _Shown) -> Tag:
    label = tags.label("Search by project, version or marker", for_="q")
    field = tags.input(type="search", id="q", name="q", value=shown.query.text, maxlength="200")
    order = tags.input(type="hidden", name="sort", value=shown.query.sort)
    button = tags.button("Search", type="submit")
    hint = tags.p(_WORDS, class_="hint")
    return tags.form(label, field, " ", order, button, hint, method="get", role="search", id="search")


def _table(shown: _Shown) -> list[Shown]:
    total = len(shown.commitment.lock.pins)
    found = f"{shown.found:,} of {counted(total, 'pin')}" if shown.query.text else counted(total, "pin")
    pages = f", page {shown.query.page:,} of {shown.pages:,}" if shown.pages > 1 else ""
    status = tags.p(f"{found}{pages}.", id="found", role="status")
    if not shown.rows:
        return [status, tags.p("Nothing is found here. ", tags.a("Show all pins", href="?"))]
    # A script can search and sort all pins, and not those that a search has left.
    whole = shown.one_page and not shown.query.text
    table = pins_table(shown.rows, shown.here, _KNOWN, lambda column: _heading(shown, column), whole=whole)
    return [status, table]


def _heading(shown: _Shown, column: str) -> tuple[Tag | str, dict[str, str]]:
    """Return a heading that sorts by its column: once more, in the other direction."""
    if not shown.one_page and column not in ON_EVERY_PAGE:
        return column, {}
    current = shown.query.column == column
    order = "descending" if shown.query.descending else "ascending"
    url = shown.query.url(sort=f"-{column}" if current and not shown.query.descending else column, page=1)
    return tags.a(column, href=url), {"aria-sort": order} if current else {}


def _turning(shown: _Shown) -> Shown:
    """Return the links to the other pages."""
    if shown.pages < 2:
        return ""
    now = shown.query.page
    targets = (("First", 1), ("Previous", now - 1), ("Next", now + 1), ("Last", shown.pages))
    links = [
        tags.li(tags.a(f"{name} page", href=shown.query.url(page=page)))
        for name, page in targets
        if page != now and 1 <= page <= shown.pages
    ]
    return tags.nav(tags.ul(links), class_="path", **{"aria-label": "Pages"})
