"""What a commitment sees of a project: looked up once, written down, and the same for ever after.

This is where upstreams are asked, and where what they say is narrowed to what the lock admits, both when it is written
down and whenever it is read again.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import suppress
from functools import partial
from typing import ParamSpec, TypeVar

from attrs import evolve
from twisted.internet.defer import Deferred, DeferredSemaphore
from twisted.internet.threads import deferToThread

from reqpi.core import admission, requires_python
from reqpi.core import frozen_pages as freezer
from reqpi.core.errors import NothingUpstream, StoreTrouble, UpstreamTrouble
from reqpi.core.interfaces import Store, Upstream
from reqpi.core.model import Archive, Commitment, Digest, File, Git, Lock, Page, Pin, Project, Status
from reqpi.runtime.gc_pause import paused
from reqpi.shelf.files.downloads import Downloads
from reqpi.shelf.lacking_pins import lines_of, named
from reqpi.shelf.listings import PinListings, wanted
from reqpi.shelf.records import page_record
from reqpi.shelf.url_sources import UrlSources

__all__ = ["Freezing"]


_P = ParamSpec("_P")
_T = TypeVar("_T")

_AT_ONCE = 32
"""Projects that upstreams are asked for at the same time, whoever wants them."""

_MANY = 200
"""Files from which work on all of them is for a thread: judging one takes up to 50 µs."""

_LARGE = 1 << 16
"""Bytes from which a frozen page is read in a thread."""


class Freezing:
    """The frozen pages of every commitment."""

    def __init__(self, store: Store, upstream: Upstream, downloads: Downloads) -> None:
        self._store = store
        self._upstream = upstream
        self._downloads = downloads
        self._listings = PinListings(upstream)
        self._sources = UrlSources(store, downloads)
        self._at_once = DeferredSemaphore(_AT_ONCE)

    @property
    def crowded(self) -> bool:
        """Whether projects wait because upstreams are being asked for as many others as may be at a time."""
        return bool(self._at_once.waiting)

    async def page(self, commitment: Commitment, project: Project) -> Page:
        """What is written down, or else what upstream has now, which from here on is written down."""
        record = page_record(commitment.address, project)
        written = await self._store.get(record)
        if written is None:
            fresh: Deferred[Page] = self._at_once.run(self._fresh, commitment, project)
            page = await self._first(commitment, record, await fresh)
        else:
            with suppress(StoreTrouble):  # what can be read and not be written still serves
                written = await self._kept(record, written)
            page = await _read(commitment, project, written)
        with suppress(StoreTrouble):
            await self._need(page)
        return page

    async def _first(self, commitment: Commitment, record: str, page: Page) -> Page:
        """Write down what has just been looked up, unless another process was faster. What stands there from now on."""
        written = await _apart(len(page.files), freezer.dump, page)
        standing = await self._store.create(record, written)
        if standing == written and all(file.listed for file in page.files):
            # It would be read as it was written.
            return await _apart(len(page.files), requires_python.with_markers, commitment.lock, page)
        return await _read(commitment, page.project, await self._kept(record, standing))

    async def _kept(self, record: str, page: bytes) -> bytes:
        """See that a page that is written down stays. What stands there from now on.

        It is used first, and then created: a sweep of another process that takes it for unused has either not come
        yet, and spares it, or has been here, and it is there again.
        """
        await self._store.use(record)
        return await self._store.create(record, page)

    def _fresh(self, commitment: Commitment, project: Project) -> Deferred[Page]:
        return Deferred.fromCoroutine(self._narrowed(commitment, project))

    async def _need(self, page: Page) -> None:
        """Say that what a page names is needed: it may have come before anything named it."""
        await self._store.touch(*await _apart(len(page.files), _named_by, page))

    async def known(self, commitment: Commitment, projects: Iterable[Project]) -> dict[Project, Page]:
        """The pages among ``projects`` that are frozen already. No upstream is asked."""
        pages: dict[Project, Page] = {}
        for project in projects:
            written = await self._store.get(page_record(commitment.address, project))
            if written is not None:
                pages[project] = await _read(commitment, project, written)
        return pages

    async def _narrowed(self, commitment: Commitment, project: Project) -> Page:
        """What the indexes and sources that the lock names have of a project, and the lock admits."""
        pins = commitment.lock.projects[project]
        files = await self._from_sources(pins)
        status: Status | None = None
        looked_at: list[File] = [*files]
        for listing in await self._listings.of(project, pins):
            # Each listing is for some pins, and is narrowed by those alone: another pin may admit more of that index.
            theirs = evolve(commitment.lock, pins=listing.pins)
            listed = await self._decided(theirs, listing.files)
            looked_at += listed
            files += await _apart(len(listed), _admitted_of, theirs, listed)
            status = status or next((page.status for page in listing.pages.values() if page.status is not None), None)
        page, found = await _apart(len(files), _admitted, commitment.lock, Page(project, tuple(files), status))
        with named(pins):
            if not page.files:
                raise NothingUpstream(
                    f"the upstream has no file of {project} that the lock admits",
                    _why_not_these(evolve(commitment.lock, pins=pins), looked_at)
                    or await self._listings.why_none(project, pins),
                )
        missing = [pin for pin in pins if pin not in found]
        with named(missing):
            if missing:
                # To freeze what there is would hide the rest forever, and a release may just be in the making.
                versions = ", ".join(sorted({pin.version for pin in missing}))
                raise NothingUpstream(
                    f"the upstream has no file of {project} {versions} that the lock admits",
                    "It is in the lock beside another version, and without it the page is not complete. "
                    "Remove it from the lock, or see that upstream has it.",
                )
        return page

    async def _from_sources(self, pins: Sequence[Pin]) -> list[File]:
        """Return the files of the pins that name a URL or a commit. Nothing is asked if one is not allowed.

        :raises reqpi.core.errors.UpstreamTrouble: one of them cannot be obtained. The error names each of which that is
            certain.
        """
        sources = _sources(pins)
        for pin, source in sources:
            with named([pin]):
                self._upstream.allow(pin, source)
        files, failures = [], []
        for pin, source in sources:
            try:
                with named([pin]):
                    files.append(await self._sources.file(pin, source))
            except UpstreamTrouble as error:
                if not error.defects:
                    raise
                failures.append(error)
        if failures:
            failures[0].defects = lines_of(failures)
            raise failures[0]
        return files

    async def _decided(self, lock: Lock, files: Sequence[File]) -> list[File]:
        """The files, those measured of which their listing says too little."""
        undecided = await _apart(len(files), _undecided, lock, files)
        return [await self._measured(file) if is_open else file for file, is_open in zip(files, undecided, strict=True)]

    async def _measured(self, file: File) -> File:
        """The file with the digests and the size of its own bytes, which are kept."""
        measured = await self._downloads.measure(file)
        return evolve(file, digests=measured.digests, size=measured.size, measured=True)


async def _apart(files: int, work: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
    """What ``work`` gives, in a thread where it goes through many files."""
    if files > _MANY:
        return await deferToThread(_unwatched, partial(work, *args, **kwargs))
    return work(*args, **kwargs)


def _unwatched(work: Callable[[], _T]) -> _T:
    with paused():
        return work()


async def _read(commitment: Commitment, project: Project, written: bytes) -> Page:
    """The page that is written down, narrowed again: what a store has is no more trusted than what an upstream has."""
    if len(written) > _LARGE:
        return await deferToThread(_unwatched, partial(_narrowed, commitment, project, written))
    return _narrowed(commitment, project, written)


def _narrowed(commitment: Commitment, project: Project, written: bytes) -> Page:
    return requires_python.with_markers(
        commitment.lock, admission.admitted_page(commitment.lock, freezer.load(written, project))
    )


def _undecided(lock: Lock, files: Iterable[File]) -> list[bool]:
    """Of each file, whether it must be measured."""
    return [admission.undecided(lock, file) for file in files]


def _admitted_of(lock: Lock, files: Iterable[File]) -> list[File]:
    """The files that a lock admits."""
    return [file for file in files if admission.admits(lock, file)]


def _admitted(lock: Lock, page: Page) -> tuple[Page, Collection[Pin]]:
    """The page that is written down, and the pins that there are files for on it."""
    page = evolve(page, files=tuple(map(_with_metadata, page.files)))
    page = _distinct(admission.admitted_page(lock, page))
    return page, admission.by_pin(lock, page).keys()


def _named_by(page: Page) -> list[str]:
    """The sha256 of every blob that a page names."""
    metadata = [file.core_metadata for file in page.files if isinstance(file.core_metadata, Digest)]
    promised = [digest.hex for digest in metadata if digest.algorithm == "sha256"]
    return [*(str(file.sha256) for file in page.files), *promised]


def _with_metadata(file: File) -> File:
    """The file, promising core metadata if it is a wheel: what upstream does not have is read from the wheel."""
    return evolve(file, core_metadata=True) if file.wheel and file.core_metadata is None else file


def _sources(pins: Iterable[Pin]) -> list[tuple[Pin, Archive | Git]]:
    """The pins that are taken from elsewhere, each source once."""
    return list({pin.source: (pin, pin.source) for pin in pins if pin.source is not None}.values())


def _distinct(page: Page) -> Page:
    """The page with each filename once. Where two files have the same, a source makes way for an index's."""
    files: dict[str, File] = {}
    for file in sorted(page.files, key=lambda file: file.source is not None):
        known = files.get(file.filename)
        if known is None:
            files[file.filename] = file
        elif file.source is not None and known.sha256 != file.sha256:
            renamed = evolve(file, filename=f"{str(file.sha256)[:16]}-{file.filename}", listed=False)
            files[renamed.filename] = renamed
    return evolve(page, files=tuple(files.values()))


def _why_not_these(lock: Lock, files: Sequence[File]) -> str:
    """Why none of ``files`` is admitted, where some are of what the lock pins; else nothing."""
    versions = wanted(lock.pins)
    open_to_all = evolve(lock, pins=tuple(evolve(pin, digests=frozenset()) for pin in lock.pins))
    if any(admission.admits(open_to_all, file) for file in files):
        return f"It has files of {versions}, but none with a digest that the lock lists."
    every_kind = evolve(open_to_all, pins=tuple(evolve(pin, wheels=True, sdists=True) for pin in open_to_all.pins))
    if any(admission.admits(every_kind, file) for file in files):
        return f"It has files of {versions}, but none of the kind that --no-binary and --only-binary leave."
    return ""
