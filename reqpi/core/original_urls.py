"""Original URLs: from the URL at which an upstream has a file to the file under an address.

An original URL is that of a frozen page, or one that the lock itself has. Nothing is decided here: the caller asks for
the file that was found as for any other, through the predicate.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from urllib.parse import unquote, urlsplit

from packaging.utils import InvalidName, canonicalize_name

from reqpi.core.model import Archive, Commitment, File, Page, Project
from reqpi.core.package_tables import listed, tables_in

__all__ = ["OriginalUrls", "resolve"]

_Place = tuple[str, tuple[str, ...]]
"""The host, with a port unless it is the scheme's own; and the segments of the path, decoded."""

_DEFAULT_PORT = re.compile(r":(?:80|443)?\Z")


def resolve(commitment: Commitment, pages: Mapping[Project, Page], url: str) -> tuple[Project, str] | None:
    """Return the project and the filename of the file that is at an original URL; ``None`` if there is none.

    ``http`` and ``https`` are the same here, and a fragment is ignored. A URL without a query also stands for the same
    URL with one, because queries can be signatures, and are not shown. To resolve many URLs, keep an
    :class:`OriginalUrls`.

    :param pages: the frozen pages of the lock, as far as they are known.
    """
    return OriginalUrls(commitment, pages).resolve(url)


class OriginalUrls:
    """The original URLs of one address.

    :param pages: as for :func:`resolve`.
    """

    def __init__(self, commitment: Commitment, pages: Mapping[Project, Page]) -> None:
        self._found: dict[_Place, list[tuple[str, Project, str]]] = {}
        for page in pages.values():
            for file in page.files:
                self._add(_url(file), page.project, file.filename)
        # A page is the better witness: it has the name under which the file is served.
        for document in commitment.lock.documents:
            for project, url in _in_text(document.data, document.format):
                if project in commitment.lock.projects:
                    self._add(url, project, unquote(urlsplit(url).path.rpartition("/")[2]))

    def _add(self, url: str, project: Project, filename: str) -> None:
        place = _place(url)
        if place is not None:
            self._found.setdefault(place, []).append((urlsplit(url).query, project, filename))

    def resolve(self, url: str) -> tuple[Project, str] | None:
        """Return the project and the filename of a file, as :func:`resolve` does."""
        place = _place(url)
        if place is None:
            return None
        asked = urlsplit(url).query
        found = ((project, name) for query, project, name in self._found.get(place, ()) if asked in ("", query))
        return next(found, None)

    @property
    def weight(self) -> int:
        """Bytes of memory that they take, estimated."""
        return 1000 * (1 + len(self._found))


def _url(file: File) -> str:
    return file.source.url if isinstance(file.source, Archive) else file.url


def _place(url: str) -> _Place | None:
    """Return the place of a URL; ``None`` if it is not a plain one of http or https."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    segments = tuple(unquote(segment) for segment in parts.path.split("/") if segment)
    plain = parts.scheme in ("http", "https") and parts.netloc and "@" not in parts.netloc
    if not plain or any(segment in (".", "..") or "/" in segment or "\\" in segment for segment in segments):
        return None
    return _DEFAULT_PORT.sub("", parts.netloc.lower()), segments


def _in_text(document: bytes, format_: str) -> Iterator[tuple[Project, str]]:
    """Yield the project and the URL of each file in a lock of a tool that writes URLs."""
    if format_ not in ("uv.lock", "pdm.lock", "pylock.toml"):
        return
    tables = tomllib.loads(document.decode("utf-8-sig"))
    for entries in (tables.get("package"), tables.get("packages")):
        for package in tables_in(entries):
            name = _project(package.get("name"))
            files = [package.get("sdist"), package.get("archive"), *listed(package.get("wheels"))]
            for file in tables_in([*files, *listed(package.get("files"))]):
                url = file.get("url")
                if name is not None and isinstance(url, str) and _place(url) is not None:
                    yield name, url


def _project(name: object) -> Project | None:
    try:
        return canonicalize_name(name, validate=True) if isinstance(name, str) else None
    except InvalidName:
        return None
