"""Recognise original URLs: a page of one of the lock's indexes, one of its files, one of its sources, or nothing.

An original URL is the one at which an upstream has a thing: that of a frozen page, or one that the lock itself has.
Nothing is decided here: the project and the filename then go to the shelf, whose predicate decides whether the lock
admits the file, and the digest decides about its bytes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from attrs import frozen
from packaging.utils import canonicalize_name

from reqpi.core import filenames
from reqpi.core.model import Archive, File, Git, Lock, Page, Pin, Project

__all__ = [
    "FileUrl",
    "IndexUrl",
    "Original",
    "Originals",
    "Place",
    "ReleaseUrl",
    "RepositoryUrl",
    "SourceUrl",
    "source_on",
]

_URL = re.compile(rb"https?://[^\s\"'<>\\`|{}^]{4,2048}", re.IGNORECASE)
_DEFAULT_PORT = re.compile(r":(?:80|443)?\Z")
_METADATA = ".metadata"
_WEIGHT = 1000
"""Bytes of memory that a URL takes, estimated."""


class Place(NamedTuple):
    """A URL in the one form that is compared: no login, no usual port, no fragment, no empty segments in its path.

    ``http`` and ``https`` are the same here, because a file is accepted by its digest.

    :param host: with a port, unless it is a usual one.
    :param segments: of the path, each decoded: an encoded slash stays within its segment.
    """

    host: str
    segments: tuple[str, ...]
    query: str = ""

    @classmethod
    def of(cls, url: str) -> Place | None:
        """Return the place of a URL; ``None`` if it is not a URL of http or https."""
        try:
            parts = urlsplit(url)
            name, port = (parts.hostname or "").rstrip("."), parts.port
        except ValueError:
            return None
        if parts.scheme not in ("http", "https") or not name:
            return None
        where = f"[{name}]" if ":" in name else name
        segments = tuple(unquote(segment) for segment in parts.path.split("/") if segment)
        return cls(_DEFAULT_PORT.sub("", f"{where}:{port}" if port else where), segments, parts.query)

    def below(self, top: Place) -> tuple[str, ...] | None:
        """Return the segments that follow those of ``top``; ``None`` if this place is elsewhere."""
        many = len(top.segments)
        inside = self.host == top.host and self.segments[:many] == top.segments
        return self.segments[many:] if inside else None

    def stands_for(self, other: Place | None) -> bool:
        """Return whether a client that asks for this place means ``other``.

        A URL without a query also stands for the same URL with one: queries can be signatures, and are not shown.
        """
        return other is not None and self[:2] == other[:2] and self.query in ("", other.query)


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
    :param metadata: the URL is that of the file's core metadata, and ``place`` is without the suffix.
    """

    place: Place
    projects: tuple[Project, ...]
    metadata: bool = False

    @property
    def filename(self) -> str:
        """The last part."""
        return self.place.segments[-1]


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

    @property
    def weight(self) -> int:
        """Bytes of memory that they take, estimated."""
        return _WEIGHT * (1 + len(self._written))

    def meaning(self, url: str) -> Original | None:
        """Return what ``url`` is to the lock; ``None`` if it is nothing."""
        place = Place.of(url)
        if place is None:
            return None
        bare = _without_metadata(place)
        source = self._archives.get(bare)
        if source is not None:
            return SourceUrl(source, metadata=bare is not place)
        file = self._file(bare, metadata=bare is not place)
        if file is not None and self.has(file):
            return file  # also where it is below a repository: an asset of a release
        return self._index_page(place) or self._release(place) or self._repository(place) or file

    def has(self, file: FileUrl) -> bool:
        """Return whether a document of the lock has the URL of ``file``."""
        return file.place in self._written or (not file.place.query and file.place[:2] in self._signed)

    def file_on(self, asked: FileUrl, page: Page) -> File | None:
        """Return the file of a project's page that ``asked`` means; ``None`` if there is none."""
        named = page.by_filename.get(asked.filename)
        if named is not None and (self.has(asked) or asked.place.stands_for(_place_on(named))):
            return named
        return _found_by_url(asked.place, page)

    def found_on(self, url: str, pages: Iterable[Page]) -> tuple[File, bool] | None:
        """Look for a file on all pages, because its name does not say to which project it belongs.

        :returns: the file, and whether ``url`` is that of its core metadata.
        """
        place = Place.of(url)
        if place is None:
            return None
        bare = _without_metadata(place)
        found = (_found_by_url(bare, page, named=True) for page in pages)
        return next(((file, bare is not place) for file in found if file is not None), None)

    def places(self, pages: Mapping[Project, Page]) -> Iterator[tuple[Place, File]]:
        """Yield the original URLs of the files of some pages, each with its file; those in the lock come first."""
        for place in sorted(self._written):
            yield from ((place, file) for file in self._written_at(place, pages) if file is not None)
        for file in (file for page in pages.values() for file in page.files):
            listed = _place_on(file)
            if listed is not None:
                yield listed, file

    def _written_at(self, place: Place, pages: Mapping[Project, Page]) -> list[File | None]:
        """Return the file at a URL that a document of the lock has: once for each project that it may be of."""
        source = self._archives.get(place)
        if source is not None:
            return [source_on(source, pages[source.project])]
        asked = self._file(place, metadata=False)
        if asked is None or asked.filename.endswith(_METADATA):
            return []
        return [self.file_on(asked, pages[project]) for project in asked.projects]

    def _index_page(self, place: Place) -> IndexUrl | None:
        for index in self._indexes:
            match place.below(index):
                case ():
                    return IndexUrl()
                case (project,) if not set("/?") & set(project) and not place.query and not _is_file(project):
                    return IndexUrl(project)
        return None

    def _release(self, place: Place) -> ReleaseUrl | None:
        """Return the release, if the URL is ``…/pypi/<project>/[<version>/]json`` beside a default index."""
        for index in filter(None, map(Place.of, self.default_indexes)):
            root = index.segments[:-1] if index.segments[-1:] == ("simple",) else index.segments
            match place.below(Place(index.host, (*root, "pypi"))):
                case (*named, "json") if len(named) in (1, 2) and not place.query:
                    return ReleaseUrl(*named)
        return None

    def _repository(self, place: Place) -> RepositoryUrl | None:
        for top, pin in self._repositories.items():
            for spelled in (top, top._replace(segments=(*top.segments[:-1], f"{top.segments[-1]}.git"))):
                if place.below(spelled) is not None:
                    return RepositoryUrl(pin)
        return None

    def _file(self, place: Place, *, metadata: bool) -> FileUrl | None:
        projects = tuple(dict.fromkeys(self._projects_of(place.segments[-1]))) if place.segments else ()
        return FileUrl(place, projects, metadata) if projects else None

    def _projects_of(self, filename: str) -> Iterator[Project]:
        """Yield the pinned projects that the name of a file may begin with."""
        if len(filename) > filenames.LIMIT or not _is_file(filename):
            return
        for cut in re.finditer("-", filename):
            project = canonicalize_name(filename[: cut.start()])
            if project in self.lock.projects:
                yield project

    @cached_property
    def _indexes(self) -> tuple[Place, ...]:
        named = (index for pin in self.lock.pins for index in pin.indexes if index)
        found = map(Place.of, dict.fromkeys((*named, *self.default_indexes)))
        return tuple(dict.fromkeys(index for index in found if index))

    @cached_property
    def _archives(self) -> dict[Place | None, Pin]:
        pins = ((pin.source, pin) for pin in self.lock.pins)
        return {Place.of(source.url): pin for source, pin in pins if isinstance(source, Archive)}

    @cached_property
    def _repositories(self) -> dict[Place, Pin]:
        pins = ((pin.source, pin) for pin in self.lock.pins)
        found = ((Place.of(source.url.removesuffix(".git")), pin) for source, pin in pins if isinstance(source, Git))
        return {place: pin for place, pin in found if place is not None and place.segments}

    @cached_property
    def _written(self) -> frozenset[Place]:
        """The URLs in the documents of the lock."""
        return frozenset(_urls_in(document.data for document in self.lock.documents))

    @cached_property
    def _signed(self) -> frozenset[tuple[object, ...]]:
        """Those that have a query, without it."""
        return frozenset(place[:2] for place in self._written if place.query)


def source_on(pin: Pin, page: Page) -> File | None:
    """Return the file of a pin's source; ``None`` if the page was frozen without it."""
    return next((file for file in page.files if file.source == pin.source), None)


def _urls_in(documents: Iterable[bytes]) -> Iterator[Place]:
    for document in documents:
        for match in _URL.finditer(document):
            place = Place.of(match[0].decode("utf-8", "replace").rstrip(",;)]"))
            if place is not None:
                yield place


def _found_by_url(place: Place, page: Page, *, named: bool = False) -> File | None:
    """Return the file at a place.

    :param named: also look at the files whose URL ends in their name, which most do.
    """
    files = (file for file in page.files if named or not file.url.endswith(file.filename))
    return next((file for file in files if place.stands_for(_place_on(file))), None)


def _place_on(file: File) -> Place | None:
    return Place.of(file.source.url if isinstance(file.source, Archive) else file.url)


def _without_metadata(place: Place) -> Place:
    """Return the place of the file whose core metadata is at a place, which is returned itself if it is no such one."""
    *before, last = place.segments or ("",)
    if not last.endswith(_METADATA):
        return place
    return place._replace(segments=(*before, last.removesuffix(_METADATA)))


def _is_file(name: str) -> bool:
    return name.removesuffix(_METADATA).endswith((".whl", *filenames.SDIST_SUFFIXES))
