"""Recognise original URLs: a page of one of the lock's indexes, one of its files, one of its sources, or nothing.

Only the place is decided here. The project and the filename then go to the shelf, whose predicate decides whether the
lock admits the file, and the digest decides about its bytes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cached_property
from urllib.parse import unquote, urlsplit

from attrs import frozen
from packaging.utils import canonicalize_name

from reqpi.core import filenames
from reqpi.core.model import Archive, Git, Lock, Page, Pin, Project

__all__ = ["FileUrl", "IndexUrl", "Original", "Originals", "ReleaseUrl", "RepositoryUrl", "SourceUrl", "spelled"]

_URL = re.compile(rb"https?://[^\s\"'<>\\`|{}^]{4,2048}", re.IGNORECASE)
_PORTS = {"http": 80, "https": 443}
_METADATA = ".metadata"


@frozen
class IndexUrl:
    """A page of one of the lock's indexes.

    :param project: as the URL spells it; empty for the list of projects.
    """

    project: str = ""


@frozen
class ReleaseUrl:
    """The URL of a release in the JSON API of the default index.

    :param version: empty for the newest one that the lock pins.
    """

    project: str
    version: str = ""


@frozen
class FileUrl:
    """A URL whose last part is the name of a file of a pinned project.

    :param projects: the pinned projects that the filename may belong to; mostly one.
    :param metadata: the URL is that of the file's core metadata.
    """

    url: str
    projects: tuple[Project, ...]
    filename: str
    metadata: bool = False


@frozen
class SourceUrl:
    """The URL of an archive that the lock names as the source of a project."""

    pin: Pin
    metadata: bool = False


@frozen
class RepositoryUrl:
    """A URL below a git repository that the lock names as the source of a project."""

    pin: Pin


Original = IndexUrl | ReleaseUrl | FileUrl | SourceUrl | RepositoryUrl


@frozen(slots=False)
class Originals:
    """The original URLs of one lock.

    :param default_indexes: the URLs that mean the default index.
    """

    lock: Lock
    default_indexes: tuple[str, ...] = ()

    def prepare(self) -> None:
        """Compute everything that is computed once: it may be done in a thread."""
        _ = self._indexes, self._archives, self._repositories, self._written

    def meaning(self, url: str) -> Original | None:
        """Return what ``url`` is to the lock; ``None`` if it is nothing."""
        place = spelled(url)
        if place is None:
            return None
        bare = place.removesuffix(_METADATA)
        source = self._archives.get(bare)
        if source is not None:
            return SourceUrl(source, metadata=bare != place)
        found = self._index_page(place) or self._release(place) or self._repository(place)
        return found or self._file(bare, metadata=bare != place)

    def has(self, file: FileUrl, page: Page) -> bool:
        """Return whether a document of the lock, or the frozen page of the project, has the URL of ``file``."""
        if file.url in self._written:
            return True
        return any(each.filename == file.filename and spelled(each.url) == file.url for each in page.files)

    def _index_page(self, place: str) -> IndexUrl | None:
        for index in self._indexes:
            if place.rstrip("/") == index:
                return IndexUrl()
            if place.startswith(f"{index}/"):
                project = place.removeprefix(f"{index}/").removesuffix("/")
                return IndexUrl(project) if project and not set("/?") & set(project) and not _is_file(project) else None
        return None

    def _release(self, place: str) -> ReleaseUrl | None:
        """Return the release, if the URL is ``…/pypi/<project>/[<version>/]json`` beside a default index."""
        for index in self.default_indexes:
            beside = (spelled(index.rstrip("/")) or "").removesuffix("/simple") + "/pypi/"
            parts = place.removeprefix(beside).split("/") if place.startswith(beside) else []
            if len(parts) in (2, 3) and parts[-1] == "json" and all(parts):
                return ReleaseUrl(*parts[:-1])
        return None

    def _repository(self, place: str) -> RepositoryUrl | None:
        path = place.partition("?")[0]
        found = next(
            (url for url in self._repositories if path == url or path.startswith((f"{url}/", f"{url}.git/"))), ""
        )
        return RepositoryUrl(self._repositories[found]) if found else None

    def _file(self, place: str, *, metadata: bool) -> FileUrl | None:
        filename = place.partition("?")[0].rpartition("/")[2]
        projects = tuple(dict.fromkeys(self._projects_of(filename)))
        return FileUrl(place, projects, filename, metadata) if projects else None

    def _projects_of(self, filename: str) -> Iterator[Project]:
        """Yield the pinned projects that the name of a file may begin with."""
        if len(filename) > filenames.LIMIT or not _is_file(filename):
            return
        for cut in re.finditer("-", filename):
            project = canonicalize_name(filename[: cut.start()])
            if project in self.lock.projects:
                yield project

    @cached_property
    def _indexes(self) -> tuple[str, ...]:
        named = (index for pin in self.lock.pins for index in pin.indexes if index)
        found = (spelled(index.rstrip("/")) for index in (*named, *self.default_indexes))
        return tuple(dict.fromkeys(index for index in found if index))

    @cached_property
    def _archives(self) -> dict[str, Pin]:
        pins = ((pin.source, pin) for pin in self.lock.pins)
        return {spelled(source.url) or "": pin for source, pin in pins if isinstance(source, Archive)}

    @cached_property
    def _repositories(self) -> dict[str, Pin]:
        pins = ((pin.source, pin) for pin in self.lock.pins)
        found = ((spelled(source.url), pin) for source, pin in pins if isinstance(source, Git))
        return {url.rstrip("/").removesuffix(".git"): pin for url, pin in found if url}

    @cached_property
    def _written(self) -> frozenset[str]:
        """The URLs in the documents of the lock."""
        return frozenset(urls_in(document.data for document in self.lock.documents))


def urls_in(documents: Iterable[bytes]) -> Iterator[str]:
    """Yield the URLs in some documents, in the form of :func:`spelled`."""
    for document in documents:
        for match in _URL.finditer(document):
            url = spelled(match[0].decode("utf-8", "replace").rstrip(",;)]"))
            if url is not None:
                yield url


def spelled(url: str) -> str | None:
    """Return a URL in the one form that is compared: no login, no default port, no fragment, no escapes in its path.

    :returns: ``None`` if it is not a URL of http or https.
    """
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").rstrip("."), parts.port
    except ValueError:
        return None
    if parts.scheme not in _PORTS or not host:
        return None
    where = f"[{host}]" if ":" in host else host
    place = where if port in (None, _PORTS[parts.scheme]) else f"{where}:{port}"
    return f"{parts.scheme}://{place}{unquote(parts.path)}" + (f"?{parts.query}" if parts.query else "")


def _is_file(name: str) -> bool:
    return name.removesuffix(_METADATA).endswith((".whl", *filenames.SDIST_SUFFIXES))
