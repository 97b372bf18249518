"""The frozen page of a project: looked up once for a commitment, stored, and the same forever after.

Upstreams are asked here. The pages that they return are restricted to what the lock admits, both when a page is stored
and whenever it is read again.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from contextlib import suppress
from functools import partial

from attrs import evolve, frozen
from twisted.internet.interfaces import IReactorTime

from reqpi.core import admission, requires_python
from reqpi.core import frozen_pages as freezer
from reqpi.core.errors import DamagedRecord, NothingUpstream, StoreTrouble, UnsealedRecord, UpstreamTrouble
from reqpi.core.interfaces import Store, Upstream
from reqpi.core.model import Archive, Commitment, Digest, File, Git, Lock, Page, Pin, Project
from reqpi.core.page_change import PageChange, change_between
from reqpi.core.report import WithheldAdvice
from reqpi.core.shown_urls import as_shown
from reqpi.core.source_names import beside
from reqpi.runtime.fair_turns import FairTurns
from reqpi.runtime.offload import DECIDED_FILES, FROZEN_PAGE
from reqpi.runtime.on_behalf import requester
from reqpi.shelf.files.downloads import Downloads
from reqpi.shelf.files.fetch import MeasuredFile
from reqpi.shelf.freezings import Freezings
from reqpi.shelf.lacking_pins import lines_of, named
from reqpi.shelf.listings import PinListings, wanted
from reqpi.shelf.provenance.attesting import Publishers
from reqpi.shelf.record_reading import read_record
from reqpi.shelf.records import page_record
from reqpi.shelf.url_sources import UrlSources

__all__ = ["Freezing"]

_AT_ONCE = 32
"""Projects for which indexes are asked concurrently, for all callers together. Files are downloaded outside of it."""


_INCOMPLETE = (
    "The lock pins it in addition to another version, and the page is incomplete without it. Remove it from the lock, "
    "or make sure that the upstream has it."
)

_Why = Callable[[Callable[[str], bool]], Awaitable[str]]
"""Returns the reason for an error, as far as one may know it who is told what some indexes have."""


@frozen
class _Lacking:
    """A project of whose pins some have no file.

    :param pins: all of its pins.
    :param refused: see :class:`~reqpi.shelf.listings.PinListing`.
    :param looked_at: the other files that were listed for it.
    """

    project: Project
    pins: tuple[Pin, ...]
    refused: Sequence[File]
    looked_at: Sequence[File]


class Freezing:
    """The frozen pages of every commitment.

    :ivar freezings: when and by whom pages were frozen.
    """

    def __init__(
        self, store: Store, upstream: Upstream, downloads: Downloads, publishers: Publishers, clock: IReactorTime
    ) -> None:
        self.freezings = Freezings(store, clock)
        self._store = store
        self._upstream = upstream
        self._downloads = downloads
        self._publishers = publishers
        self._listings = PinListings(upstream)
        self._sources = UrlSources(downloads)
        self._asking = FairTurns(_AT_ONCE)

    @property
    def crowded(self) -> bool:
        """Whether projects wait because the limit of concurrent upstream lookups is reached."""
        return self._asking.is_crowded

    async def page(self, commitment: Commitment, project: Project) -> Page:
        """Return the frozen page, freezing what the upstream lists now if there is none yet."""
        record = page_record(commitment.address, project)
        written = await self._store.get(record)
        if written is None:
            page, first = await self._first(commitment, record, await self._narrowed(commitment, project))
            if first:
                await self.freezings.note(commitment, project)
                self._publishers.on_frozen(commitment.address, page)
        else:
            with suppress(StoreTrouble):  # a store that is readable but not writable can still serve
                written = await self._protected(record, written)
            page = await self._read(commitment, project, written)
        with suppress(StoreTrouble):
            await self._need(page)
        return page

    async def again(self, commitment: Commitment, project: Project) -> PageChange:
        """Freeze what the upstream lists now, whatever was frozen before, and return what has changed.

        :raises reqpi.core.errors.UpstreamTrouble: the page cannot be frozen now. The one from before stays.
        :raises reqpi.core.errors.StoreTrouble: it cannot be stored, or the one from before cannot be read.
        """
        try:
            old = (await self.known(commitment, [project])).get(project)
        except (DamagedRecord, UnsealedRecord):  # such a page is served to no client, and is replaced
            old = None
        page = await self._narrowed(commitment, project)
        written = await DECIDED_FILES.run(len(page.files), freezer.dump, page)
        await self._need(page)
        await self._store.replace(page_record(commitment.address, project), written)
        await self.freezings.note(commitment, project, again=True)
        new = await self._read(commitment, project, written)
        return await DECIDED_FILES.run(len(page.files), change_between, old, new)

    async def _first(self, commitment: Commitment, record: str, page: Page) -> tuple[Page, bool]:
        """Store a page that has just been looked up, unless another process was faster.

        :returns: the stored page, and whether it is this one.
        """
        written = await DECIDED_FILES.run(len(page.files), freezer.dump, page)
        standing = await self._store.create(record, written)
        if standing == written and all(file.listed for file in page.files):
            # Reading the record back would give the same page.
            shown = DECIDED_FILES.run(len(page.files), requires_python.with_markers, commitment.lock, page)
            return await shown, True
        standing_page = self._read(commitment, page.project, await self._protected(record, standing))
        return await standing_page, standing == written

    async def _protected(self, record: str, page: bytes) -> bytes:
        """Protect a stored page from being swept; return the content of its record.

        The record is first used and then created. If the sweep of another process considers it unused, the sweep has
        either not reached it yet and spares it, or has removed it already and it is created again.
        """
        await self._store.use(record)
        return await self._store.create(record, page)

    async def _need(self, page: Page) -> None:
        """Mark the blobs that a page names as needed: they may have been stored before any page named them."""
        await self._store.touch(*await DECIDED_FILES.run(len(page.files), _named_by, page))

    async def is_known(self, commitment: Commitment, project: Project) -> bool:
        """Return whether the page of a project is frozen already."""
        return await self._store.get(page_record(commitment.address, project)) is not None

    async def known(self, commitment: Commitment, projects: Iterable[Project]) -> dict[Project, Page]:
        """Return the pages of those ``projects`` that are already frozen, without asking an upstream."""
        pages: dict[Project, Page] = {}
        for project in projects:
            written = await self._store.get(page_record(commitment.address, project))
            if written is not None:
                pages[project] = await self._read(commitment, project, written, ask=False)
        return pages

    async def _read(self, commitment: Commitment, project: Project, written: bytes, *, ask: bool = True) -> Page:
        """Return the stored page, restricted again: a store is trusted no more than an upstream.

        :param ask: whether an upstream may be asked for who published the files, if the lock depends on that and it is
            not kept.
        """
        page = await FROZEN_PAGE.run(len(written), _loaded, commitment, project, written)
        pins = evolve(commitment.lock, pins=commitment.lock.projects[project])
        files = await self._publishers.attested(pins, page.files, commitment.address, ask=ask)
        page = evolve(page, files=tuple(files))
        return await DECIDED_FILES.run(len(files), _narrowed, commitment.lock, page)

    async def _narrowed(self, commitment: Commitment, project: Project) -> Page:
        """Return the files of a project that the indexes and sources named by the lock have and the lock admits."""
        pins = commitment.lock.projects[project]
        files = await self._from_sources(pins)
        looked_at: list[File] = [*files]
        refused: list[File] = []
        for listing in await self._asking.run(requester(), partial(self._listings.of, project, pins)):
            refused += listing.refused
            # Each listing is for some pins and is restricted by those alone: another pin may admit more of its index.
            theirs = evolve(commitment.lock, pins=listing.pins)
            listed = await self._decided(theirs, listing.files)
            listed = await self._publishers.attested(theirs, listed, commitment.address)
            looked_at += listed
            files += await DECIDED_FILES.run(len(listed), _admitted_of, theirs, listed)
        # Without the status of the project, which may change every day: reqpi.core.drift reports it.
        page, found = await DECIDED_FILES.run(len(files), _admitted, commitment.lock, Page(project, tuple(files)))
        missing = [pin for pin in pins if pin not in found] if page.files else pins
        with named(missing):
            if missing:
                # Freezing an incomplete page would hide the rest forever, and a release may just be in the making.
                why = _Lacking(project, tuple(pins), refused, looked_at)
                versions = f" {', '.join(sorted({pin.version for pin in missing}))}" if page.files else ""
                title = f"the upstream has no file of {project}{versions} that the lock admits"
                raise await self._nothing(title, why, partial(self._why, commitment.lock, why, some=bool(page.files)))
        return page

    async def _nothing(self, title: str, lacking: _Lacking, why: _Why) -> NothingUpstream:
        """Return the error for a project, with what a client may be told that may know what its upstreams have.

        Otherwise it tells nothing about a listed file that the client did not get, if the index requires a login.
        """
        error = NothingUpstream(title, await why(self._upstream.reveals))
        if not all(map(self._upstream.reveals, self._listings.indexes(lacking.pins))):
            names = frozenset(use.name for pin in lacking.pins for use in self._upstream.uses(pin))
            whole = await why(lambda _: True)
            error.withheld = (WithheldAdvice(lacking.project, names, title, error.detail, whole),)
        return error

    async def _why(self, lock: Lock, lacking: _Lacking, reveals: Callable[[str], bool], *, some: bool) -> str:
        """Explain why files are missing.

        :param reveals: whether the one who is told may know what an index has.
        :param some: there are files of other versions that the lock pins.
        """
        refused = [file for file in lacking.refused if reveals(file.index)]
        looked_at = [file for file in lacking.looked_at if file.source is not None or reveals(file.index)]
        if some:
            return _why_refused(refused) or _INCOMPLETE
        why_none = partial(self._listings.why_none, lacking.project, lacking.pins, reveals)
        return (
            _why_refused(refused)
            or _why_not_these(evolve(lock, pins=lacking.pins), looked_at)
            or await self._asking.run(requester(), why_none)
        )

    async def _from_sources(self, pins: Sequence[Pin]) -> list[File]:
        """Return the files of the pins that name a URL or a commit. Nothing is fetched if one of them is not allowed.

        :raises reqpi.core.errors.UpstreamTrouble: some of them cannot be obtained. The error names each pin for which
            that is certain.
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
        """Return the files; measure those whose listing does not contain enough to decide."""
        undecided = await DECIDED_FILES.run(len(files), _undecided, lock, files)
        decided = zip(files, undecided, strict=True)
        return [await self._measured(lock, file) if is_open else file for file, is_open in decided]

    async def _measured(self, lock: Lock, file: File) -> File:
        """Return the file with the digests and the size computed from its bytes, which are stored if it is admitted."""

        def keeps(measured: MeasuredFile) -> bool:
            return admission.has_right_bytes(lock, measured.added_to(file))

        return (await self._downloads.measure(file, keeps)).added_to(file)


def _loaded(commitment: Commitment, project: Project, written: bytes) -> Page:
    return read_record(page_record(commitment.address, project), written, partial(freezer.load, project=project))


def _narrowed(lock: Lock, page: Page) -> Page:
    return requires_python.with_markers(lock, admission.admitted_page(lock, page))


def _undecided(lock: Lock, files: Iterable[File]) -> list[bool]:
    """Return, for each file, whether it must be measured."""
    return [admission.undecided(lock, file) for file in files]


def _admitted_of(lock: Lock, files: Iterable[File]) -> list[File]:
    """Return the files that a lock admits."""
    return [file for file in files if admission.admits(lock, file)]


def _admitted(lock: Lock, page: Page) -> tuple[Page, Collection[Pin]]:
    """Return the page to be stored, and the pins that have files on it."""
    decided = [(file, admission.admitting(lock, file)) for file in map(_with_metadata, page.files)]
    page = _distinct(evolve(page, files=tuple(file for file, pins in decided if pins)))
    pins_of = {id(file): pins for file, pins in decided}
    found = (pins_of.get(id(file)) or admission.admitting(lock, file) for file in page.files)
    return page, {pin for pins in found for pin in pins}


def _named_by(page: Page) -> list[str]:
    """Return the sha256 of each blob that a page names, once: wheels of a release often have the same metadata."""
    metadata = [file.core_metadata for file in page.files if isinstance(file.core_metadata, Digest)]
    promised = [digest.hex for digest in metadata if digest.algorithm == "sha256"]
    return list(dict.fromkeys([*(str(file.sha256) for file in page.files), *promised]))


def _with_metadata(file: File) -> File:
    """Return the file, promising core metadata if it is a wheel: without upstream's, it is read from the wheel."""
    file = evolve(file, downgraded=False) if file.downgraded else file  # it was decided on, and is not recorded
    return evolve(file, core_metadata=True) if file.wheel and file.core_metadata is None else file


def _sources(pins: Iterable[Pin]) -> list[tuple[Pin, Archive | Git]]:
    """Return the pins that have a source other than an index, each source once."""
    return list({pin.source: (pin, pin.source) for pin in pins if pin.source is not None}.values())


def _distinct(page: Page) -> Page:
    """Return the page with each filename once: the file of a source is renamed if a file of an index has its name."""
    files: dict[str, File] = {}
    for file in sorted(page.files, key=lambda file: file.source is not None):
        known = files.get(file.filename)
        if known is None:
            files[file.filename] = file
        elif file.source is not None and known.sha256 != file.sha256:
            renamed = beside(file)
            files[renamed.filename] = renamed
    return evolve(page, files=tuple(files.values()))


def _why_refused(files: Sequence[File]) -> str:
    """Explain that a page links to files insecurely; return "" if it does not."""
    if not files:
        return ""
    shown = f"The page came over https, but its link to {files[0].filename} is plain http: {as_shown(files[0].url)}."
    return f"{shown} Such a link is followed only if the lock has a digest of the file: add one (--generate-hashes)."


def _why_not_these(lock: Lock, files: Sequence[File]) -> str:
    """Explain why none of ``files`` is admitted though some match pins of the lock; return "" if none matches."""
    versions = wanted(lock.pins)
    if any(admission.needs_publishers(lock, file) for file in files):
        named = ", ".join(sorted({str(each) for pin in lock.pins for each in pin.identities}))
        return f"It has files of {versions}, but no attestation of {named} (attestation-identities) that verifies."
    open_to_all = evolve(lock, pins=tuple(evolve(pin, digests=frozenset(), identities=()) for pin in lock.pins))
    if any(admission.admits(open_to_all, file) for file in files):
        return f"It has files of {versions}, but none with a digest that the lock contains."
    every_kind = evolve(open_to_all, pins=tuple(evolve(pin, wheels=True, sdists=True) for pin in open_to_all.pins))
    if any(admission.admits(every_kind, file) for file in files):
        return f"It has files of {versions}, but --no-binary and --only-binary exclude all of them."
    return ""
