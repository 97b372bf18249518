"""The query of a URL of the table of pins: ``?q=`` searches, ``?sort=`` sorts, ``?page=`` turns the pages."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import urlencode

from attrs import evolve, frozen
from packaging.utils import canonicalize_name
from twisted.web.server import Request

from reqpi.core.model import Pin
from reqpi.web.pages.pin_rows import PinRow, version_key

__all__ = ["COLUMNS", "ON_EVERY_PAGE", "PinQuery"]

_LONGEST = 200
"""Characters of a search."""

_PAGE = re.compile(r"[1-9][0-9]{0,6}")

COLUMNS = ("project", "version", "marker", "files", "size", "digests", "licence", "state")
"""The columns of the table."""

_BY_PIN: Mapping[str, Callable[[Pin], Any]] = {
    "project": lambda pin: pin.project,
    "version": version_key,
    "marker": lambda pin: pin.marker or "",
    "digests": lambda pin: pin.trusted_on_first_use,
}
ON_EVERY_PAGE = frozenset(_BY_PIN)
"""The columns by which a table of many pages is sorted: the lock alone has them."""

_BY_ROW: Mapping[str, Callable[[PinRow], Any]] = {
    "files": lambda row: row.count,
    "size": lambda row: row.size or 0,
    "licence": lambda row: ", ".join(row.licences or ()).lower(),
    "state": lambda row: (row.held or 0) / max(row.count, 1),
}


@frozen
class PinQuery:
    """A search, an order and a page.

    :param sort: the column; with a hyphen before it, in descending order.
    :param page: counted from 1.
    """

    text: str = ""
    sort: str = "project"
    page: int = 1

    @classmethod
    def of(cls, request: Request) -> PinQuery:
        """Read the query of a URL. Whatever it does not understand has its default."""
        text, sort, page = (_argument(request, name) for name in (b"q", b"sort", b"page"))
        sort = sort if sort.removeprefix("-") in COLUMNS else "project"
        return cls(text, sort, int(page) if _PAGE.fullmatch(page) else 1)

    @property
    def column(self) -> str:
        """The column by which the table is sorted."""
        return self.sort.removeprefix("-")

    @property
    def descending(self) -> bool:
        """Whether the order is descending."""
        return self.sort.startswith("-")

    def url(self, **changes: Any) -> str:
        """Return the query of a URL with some changes, from its question mark on."""
        changed = evolve(self, **changes)
        shown = {"q": changed.text, "sort": changed.sort, "page": changed.page}
        return f"?{urlencode(shown)}"

    def selected(self, pins: Iterable[Pin]) -> list[Pin]:
        """Return the pins that the search finds, sorted, as far as the lock alone has the column."""
        words = self.text.lower().split()
        names = [canonicalize_name(word) for word in words]
        found = [pin for pin in pins if _matches(PinRow(pin).found_by, words, names)]
        found.sort(key=lambda pin: (pin.project, version_key(pin)))
        key = _BY_PIN.get(self.column)
        return found if key is None else sorted(found, key=key, reverse=self.descending)

    def ordered(self, rows: Iterable[PinRow]) -> list[PinRow]:
        """Return the rows, sorted by a column that is not of the lock alone; otherwise as they are."""
        key = _BY_ROW.get(self.column)
        return list(rows) if key is None else sorted(rows, key=key, reverse=self.descending)


def _matches(text: str, words: Iterable[str], names: Iterable[str]) -> bool:
    """Return whether each word is in a text, as it is or as the name of a project is normalised."""
    return all(word in text or name in text for word, name in zip(words, names, strict=True))


def _argument(request: Request, name: bytes) -> str:
    """Return a value of the query on one line, cut to its bound."""
    text = request.args.get(name, [b""])[-1][: 4 * _LONGEST].decode("utf-8", "replace")
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())[:_LONGEST]
