"""One thing in a static tree: the place of its file, the URL at which it is served, and its headers."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator

from attrs import field, frozen

from reqpi.core.caching import IMMUTABLE

__all__ = ["BYTES", "Conflict", "StaticResource", "is_safe", "without_conflicts"]

BYTES = "application/octet-stream"
"""The content type of files and core metadata."""

_LONGEST = 255
"""Bytes of a name, at most, on every common file system."""


class Conflict(ValueError):
    """A resource cannot be in a static tree: another one has its place, or its name cannot be that of a file."""


@frozen
class StaticResource:
    """One thing in the tree of an address.

    :param place: the path of its file below the folder of the address, with slashes.
    :param url: the decoded path of its URL below that of the address; empty: a web server chooses it for another URL.
    :param content_type: with its parameters.
    :param body: the content, if it is made here; ``None``: that of a verified file.
    :param sha256: of a verified file.
    :param caching: the ``Cache-Control``.
    :param optional: it may be left out if it conflicts with another resource.
    """

    place: str
    url: str
    content_type: str
    body: bytes | None = field(default=None, repr=False)
    sha256: str = ""
    caching: str = IMMUTABLE
    optional: bool = False

    @property
    def digest(self) -> str:
        """The lower-case hex sha256 of the content."""
        return self.sha256 if self.body is None else hashlib.sha256(self.body).hexdigest()


def is_safe(place: str) -> bool:
    """Return whether every part of a place can be the name of a file or folder, and none leads elsewhere."""
    return all(
        part not in ("", ".", "..") and part.isprintable() and "\\" not in part and len(part.encode()) <= _LONGEST
        for part in place.split("/")
    )


def without_conflicts(resources: Iterable[StaticResource]) -> Iterator[StaticResource]:
    """Yield the resources, each place once; the first resource keeps its place.

    A folder cannot have the name of a file. Optional resources that conflict with another one are left out.

    :raises Conflict: another resource conflicts with an earlier one, or has a name that no file can have.
    """
    files: dict[str, str] = {}
    folders: set[str] = set()
    for each in resources:
        above = _above(each.place)
        if not is_safe(each.place) or each.place in folders or each.place in files or not above.isdisjoint(files):
            if each.optional:
                continue
            raise Conflict(each.place)
        files[each.place] = each.url
        folders |= above
        yield each


def _above(place: str) -> set[str]:
    parts = place.split("/")
    return {"/".join(parts[:length]) for length in range(1, len(parts))}
