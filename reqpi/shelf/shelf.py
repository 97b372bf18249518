"""Operations on a commitment: get one of its pages, one of its files, or the metadata of a file.

:func:`reqpi.core.admission.admits` decides on every answer: nothing that the lock does not admit is returned, and
every byte is returned under a digest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial

from packaging.utils import canonicalize_name
from twisted.internet.interfaces import IReactorTime

from reqpi.core import admission
from reqpi.core.denials import Denial
from reqpi.core.errors import NotServed, wanting
from reqpi.core.interfaces import Store, Upstream, UpstreamUse
from reqpi.core.metadata import BuildSystem
from reqpi.core.metadata.promises import without_promises
from reqpi.core.model import Commitment, File, Lock, Page, Project
from reqpi.core.page_change import PageChange
from reqpi.core.report import Defect, Document, Note
from reqpi.runtime.derived_cache import DerivedCache
from reqpi.runtime.on_behalf import work_under
from reqpi.runtime.singleflight import PATIENCE, SingleFlight, within
from reqpi.shelf.commitments import COMMITMENTS_IN_MEMORY, Check, Commitments, Lease
from reqpi.shelf.denials import Denials
from reqpi.shelf.files.file_parts import FileParts
from reqpi.shelf.files.file_responses import FileResponse
from reqpi.shelf.files.held_files import HeldFiles
from reqpi.shelf.freezing import Freezing
from reqpi.shelf.freezings import PageFreezing
from reqpi.shelf.insides_of_locks import InsidesOfLocks
from reqpi.shelf.known_pages import KnownPages
from reqpi.shelf.lock_reading import LockReading
from reqpi.shelf.not_admitted import named_project, not_admitted, not_pinned
from reqpi.shelf.pages_of_lock import pages_of
from reqpi.shelf.provenance.of_locks import ProvenanceOfLocks
from reqpi.shelf.provenance.verifying import unverifiable
from reqpi.shelf.refusals import RecordedRefusal, Refusals
from reqpi.shelf.suggestions import Suggestions

__all__ = ["FileResponse", "Shelf"]

_PAGES = 24 << 20
"""Bytes of frozen pages kept in memory: about 13,000 files."""


class Shelf:
    """All operations on locks, over a store and an upstream. Its methods are the only way to what it is made of.

    :param clock: measures waiting, and gives the time of day.
    :param instance: a name for this process that no other process on the same store has.
    :param files: the parts that fetch and verify files; ``None``: its own, which redirect no client.
    :param in_memory: bytes of commitments that are kept in memory.
    :param reading: reads documents as locks; ``None``: in threads of this process.
    """

    def __init__(
        self,
        store: Store,
        upstream: Upstream,
        clock: IReactorTime,
        instance: str,
        files: FileParts | None = None,
        *,
        in_memory: int = COMMITMENTS_IN_MEMORY,
        reading: LockReading | None = None,
    ) -> None:
        self._denials = Denials(store, clock)

        def denies(lock: Lock) -> Sequence[Defect]:
            return *upstream.denies(lock), *unverifiable(lock)

        self._commitments = Commitments(store, clock, denies, in_memory, reading, denials=self._denials)
        self._denials.changed.append(self._commitments.renew)
        self._refusals = Refusals(store, instance, clock.seconds)
        self._upstream = upstream
        self._clock = clock
        self._files = files or FileParts.over(store, upstream, clock)
        self._held = HeldFiles(store, self._files.file_responses, self._files.core_metadata)
        self._freezing = Freezing(store, upstream, self._files.downloads, self._files.publishers, clock)
        self._known = KnownPages(self._freezing, store)
        self._provenance = ProvenanceOfLocks(self._admitted, self._files.publishers, clock)
        self._under_way: SingleFlight[Page] = SingleFlight()  # by identity: an equal commitment may be an earlier one
        self._pages: DerivedCache[Page] = DerivedCache(_PAGES)
        self._suggestions = Suggestions(upstream, clock)
        self._gathering: SingleFlight[dict[Project, Page]] = SingleFlight()

    # Locks

    async def commit(self, document: bytes, check: Check | None = None) -> tuple[Commitment, bool]:
        """Store a lock of one document under its address.

        :param check: raises an error if the client may not commit the lock; nothing is stored then.
        :returns: the commitment, and whether it is new in this store.
        :raises reqpi.core.errors.BrokenLock: it has defects, or names what the operator does not allow.
        """
        return await self._commitments.commit(document, check)

    async def commit_together(
        self, documents: Sequence[Document], check: Check | None = None
    ) -> tuple[Commitment, bool]:
        """Store a lock of several documents under the address of their listing; otherwise as :meth:`commit`."""
        return await self._commitments.commit_together(documents, check)

    async def commitment(self, address: str, *, use: bool = True) -> Commitment:
        """Return the commitment of an address. This counts as use of the address, unless ``use`` is false.

        :raises reqpi.core.errors.UnknownAddress: no lock with this address was committed here, or it was removed.
        """
        return await self._commitments.get(address, use=use)

    def lease(self, commitment: Commitment) -> Lease | None:
        """Return the lease of a recently requested commitment; ``None`` if the lock has been read again since."""
        return self._commitments.lease(commitment)

    def on_new(self, begin: Callable[[Commitment], None]) -> None:
        """Call ``begin`` with each commitment that is new in this store, from now on."""
        self._commitments.on_new = begin

    def uses(self, lock: Lock, project: Project) -> frozenset[UpstreamUse]:
        """Return the upstreams that may be asked for a project that a lock pins."""
        return frozenset(use for pin in lock.projects[project] for use in self._upstream.uses(pin))

    def notes(self, lock: Lock) -> tuple[Note, ...]:
        """Return what a user should know about the parts of a lock that the operator allows."""
        return self._upstream.notes(lock)

    @property
    def denials(self) -> Denials:
        """The deny list of the operator, whatever a lock admits."""
        return self._denials

    # Pages

    async def page(self, commitment: Commitment, name: str) -> Page:
        """Return the frozen page of a project: the files that the commitment saw the first time.

        :param name: the project's name, in any spelling.
        :raises reqpi.core.errors.NotAdmitted: the lock does not pin the project.
        :raises reqpi.core.errors.DeniedByOperator: the operator denies all of its files. A page leaves out those that
            are denied.
        :raises reqpi.core.errors.NotServed: the name is not a valid project name.
        :raises reqpi.core.errors.UpstreamTrouble: the page is not frozen yet, and the upstream cannot be asked.
        """
        page = await self._shown(commitment, name)
        if page.withheld and not page.files:
            await self._check_denied(commitment, page.project, await self._whole(commitment, page.project))
        return page

    async def _shown(self, commitment: Commitment, name: str) -> Page:
        """Return the frozen page without the files that the operator denies, even if it then has no file."""
        work_under(commitment.address)
        project = self._pinned(commitment, name)
        key = (commitment.address, project)
        page = cached = self._pages.get(commitment, key)
        if page is None:
            whole = await self._whole(commitment, project)
            page = await self._denials.left_on(whole, commitment.address)
            if page.withheld:
                self._pages.put(commitment, (*key, "whole"), whole, whole.weight)
        page = without_promises(page, await self._files.core_metadata.differences.wheels())
        if page is not cached:
            self._pages.put(commitment, key, page, page.weight)
        return page

    async def _whole(self, commitment: Commitment, project: Project) -> Page:
        """Return the frozen page with all of its files."""
        cached = self._pages.get(commitment, (commitment.address, project, "whole"))
        if cached is not None:
            return cached
        waiting = self._under_way.do((id(commitment), project), partial(self._freezing.page, commitment, project))
        with wanting(project):
            return await within(PATIENCE, self._clock, waiting, f"the page of {project} is")

    async def _check_denied(self, commitment: Commitment, what: str, page: Page, file: File | None = None) -> None:
        """Check that a file, or a file on a page, is not denied; note a refusal if it is.

        :raises reqpi.core.errors.DeniedByOperator: it is.
        """
        denial = (await self._denials.current()).first_of(page.files if file is None else [file])
        if denial is not None:
            filename = None if file is None else file.filename
            self._refusals.note(commitment.address, page.project, filename, f"denied: {denial.because}")
            raise denial.error(what)

    def on_metadata_difference(self, forget: Callable[[], None]) -> None:
        """Call ``forget`` when a page that was served before must not promise core metadata any more."""
        self._files.core_metadata.differences.on_new = forget

    async def differing_metadata(self, files: Iterable[File]) -> list[File]:
        """Return the wheels whose core metadata differs from what an upstream promised."""
        wheels = await self._files.core_metadata.differences.wheels()
        return [file for file in files if file.wheel and file.sha256 in wheels]

    async def freeze(self, commitment: Commitment, project: Project) -> None:
        """Freeze the page of a pinned project, however long that takes. Those who request it meanwhile get it then."""
        work_under(commitment.address)
        await self._under_way.do((id(commitment), project), partial(self._freezing.page, commitment, project))

    async def refreeze(self, commitment: Commitment, project: Project) -> PageChange:
        """See :meth:`reqpi.shelf.freezing.Freezing.again`. What is in memory of the old page stays until it is told."""
        work_under(commitment.address)
        return await self._freezing.again(commitment, project)

    async def freezings(self, commitment: Commitment) -> dict[Project, PageFreezing]:
        """Return when and by whom pages were frozen, as far as that was recorded."""
        return await self._freezing.freezings.of(commitment)

    @property
    def crowded(self) -> bool:
        """Whether pages wait because the limit of concurrent upstream lookups is reached."""
        return self._freezing.crowded

    async def is_frozen(self, commitment: Commitment, project: Project) -> bool:
        """Return whether the page of a project that the lock pins is frozen already."""
        if self._pages.get(commitment, (commitment.address, project)) is not None:
            return True
        return await self._freezing.is_known(commitment, project)

    async def frozen(self, commitment: Commitment, projects: Iterable[Project]) -> dict[Project, Page]:
        """Return the pages that are already frozen, without denied files, even if that leaves none; ask no upstream."""
        denied = await self._denials.current()
        return denied.left_on_each(await self._known.of(commitment, projects))

    async def frozen_count(self, commitment: Commitment) -> int:
        """Return how many projects of a lock have a frozen page."""
        return await self._known.count(commitment)

    async def withheld(self, commitment: Commitment, projects: Iterable[Project]) -> list[tuple[File, Denial]]:
        """Return the files on the frozen pages of ``projects`` that the operator denies, each with the denial."""
        denied = await self._denials.current()
        return denied.among(await self._known.of(commitment, projects) if denied.denials else {})

    # Files

    async def file(self, commitment: Commitment, name: str, filename: str) -> FileResponse:
        """Return a file, from the store or from its download.

        :raises reqpi.core.errors.NotAdmitted: the lock does not admit the file.
        :raises reqpi.core.errors.UpstreamTrouble: the file is not in the store and cannot be obtained.
        """
        return await self._files.file_responses.of(await self._admitted(commitment, name, filename))

    async def hold(self, commitment: Commitment, name: str, filename: str, *, provenance: bool = True) -> int:
        """Fetch a file, its provenance, and a wheel's core metadata, unless the store has them, however long it takes.

        :returns: the file's size in bytes.
        :raises reqpi.core.errors.NotAdmitted: the lock does not admit the file.
        :raises reqpi.core.errors.UpstreamTrouble: the file cannot be obtained.
        :raises reqpi.core.errors.StoreTrouble: the file cannot be stored.
        """
        file = await self._admitted(commitment, name, filename)
        size = await self._files.file_responses.here(file)
        if size is None:
            size = await self._files.downloads.finished(file)
        if file.wheel:
            await self._files.core_metadata.of(file, commitment.address)
        if provenance:
            await self._provenance.hold(file, commitment.address)
        return size

    async def held(self, file: File) -> int | None:
        """Return the size in bytes of a file in the store, a wheel with its core metadata; otherwise ``None``."""
        return (await self._held.sizes([file]))[file]

    async def sizes(self, files: Iterable[File]) -> dict[File, int | None]:
        """Return the result of :meth:`held` for each of ``files``."""
        return await self._held.sizes(files)

    def coming(self, file: File) -> int:
        """Return how many bytes of a file have been downloaded so far; 0 if no download is in flight."""
        return self._files.downloads.received(file)

    async def metadata(self, commitment: Commitment, name: str, filename: str) -> bytes:
        """Return the core metadata of a wheel; what was read by ranges is replaced once the wheel is in the store.

        :raises reqpi.core.errors.NotAdmitted: the lock does not admit the wheel.
        :raises reqpi.core.errors.NotServed: the file is not a wheel.
        :raises reqpi.core.errors.UpstreamTrouble: the metadata cannot be obtained.
        """
        file = await self._admitted(commitment, name, filename)
        if not file.wheel:
            raise NotServed(f"{filename} has no metadata file", "Only wheels have one.")
        with wanting(f"{filename}.metadata"):
            return await self._files.core_metadata.of(file, commitment.address)

    async def metadata_at_hand(self, commitment: Commitment, file: File) -> bytes | None:
        """Return the core metadata of a wheel on a frozen page, if the store has it or the wheel; ask no upstream."""
        return await self._files.core_metadata.known(file, commitment.address)

    def verified_metadata(self, file: File) -> str | None:
        """See :meth:`reqpi.shelf.files.core_metadata.CoreMetadata.verified_name`."""
        return self._files.core_metadata.verified_name(file)

    async def build_system(
        self, commitment: Commitment, name: str, filename: str, *, whole: bool = True
    ) -> BuildSystem:
        """Return the build system of an sdist, however long it takes to find out.

        :param whole: fetch the whole sdist if its beginning does not contain the answer.
        :raises reqpi.core.errors.NotAdmitted: the lock does not admit the sdist.
        :raises reqpi.core.errors.NotServed: the file is a wheel.
        :raises reqpi.core.errors.UpstreamTrouble: the sdist cannot be obtained, or is broken.
        """
        file = await self._admitted(commitment, name, filename)
        if file.wheel:
            raise NotServed(f"{filename} is a wheel", "Only sdists have a build system.")
        with wanting(filename):
            return await self._files.build_systems.of(file, commitment.address, whole=whole)

    @property
    def insides(self) -> InsidesOfLocks:
        """The inside of the files that a lock admits: no upstream is asked."""
        return InsidesOfLocks(self._pinned, self.is_frozen, self._admitted, self._files.file_insides)

    @property
    def provenance(self) -> ProvenanceOfLocks:
        """The provenance of admitted files: the objects that their indexes list, and their publishers."""
        return self._provenance

    async def is_settled(self, commitment: Commitment, name: str, filename: str) -> bool:
        """Return whether :meth:`metadata` will always return the same bytes for this wheel."""
        return await self._files.core_metadata.is_settled(await self._admitted(commitment, name, filename))

    async def _admitted(self, commitment: Commitment, name: str, filename: str) -> File:
        page = await self._shown(commitment, name)
        file = page.by_filename.get(filename)
        if file is None and page.withheld:
            file = (await self._whole(commitment, page.project)).by_filename.get(filename)
        if file is None or not admission.admits(commitment.lock, file):
            self._refusals.note(commitment.address, page.project, filename[:255], "the lock does not admit this file")
            raise not_admitted(commitment, page.project, filename)
        await self._check_denied(commitment, filename, page, file)
        if admission.rests_on_measurement(commitment.lock, file):
            await self._files.downloads.measurements.confirm(file)
        return file

    # Refusals

    async def refused(self, address: str) -> list[RecordedRefusal]:
        """Return everything that was refused under ``address``, the latest first."""
        return await self._refusals.of(address)

    def note_refusal(self, address: str, name: str, what: str, why: str) -> None:
        """Count a refusal of a thing such as a crate: ``name`` stands for the project, ``what`` for the filename."""
        self._refusals.note(address, canonicalize_name(name[:100]), what[:255], why)

    def forget_refusal(self, address: str, project: Project) -> None:
        """Uncount one refusal of a project as a whole, which turned out not to be one."""
        self._refusals.forget(address, project)

    async def write_refusals(self) -> None:
        """Store the counts of refusals that have changed since the last call."""
        await self._refusals.write()

    # All of a lock

    async def pages(self, commitment: Commitment) -> dict[Project, Page]:
        """Return the frozen page of every project that the lock pins: the input of an export.

        :raises reqpi.core.errors.DeniedByOperator: the operator denies all files of some pin.
        :raises reqpi.core.errors.UpstreamTrouble: some page is not frozen yet, and an upstream cannot be asked.
        """
        # Another commitment of the same address is one from before the deny list changed.
        key = (commitment.address, id(commitment))
        waiting = self._gathering.do(key, partial(self._pages_of, commitment))
        return await within(PATIENCE, self._clock, waiting, f"the pages of lock {commitment.short} are")

    async def _pages_of(self, commitment: Commitment) -> dict[Project, Page]:
        pages = await pages_of(commitment.lock, partial(self.page, commitment))
        for project, page in pages.items():
            if page.withheld and len(admission.by_pin(commitment.lock, page)) < len(commitment.lock.projects[project]):
                await self._check_denied(commitment, project, await self._whole(commitment, project))
        return pages

    async def suggest(
        self, projects: Iterable[Project], may_know: Callable[[Project], bool] = lambda _: False
    ) -> dict[Project, str]:
        """Return, for each project, a line that would pin the newest release of the upstream, if it answers soon.

        :param may_know: whether the client may commit a lock that pins a project, with the login that it may need.
        """
        return await self._suggestions.of(projects, may_know)

    def _pinned(self, commitment: Commitment, name: str) -> Project:
        """Return the project that ``name`` means.

        :raises reqpi.core.errors.NotAdmitted: the lock does not pin it.
        :raises reqpi.core.errors.NotServed: the name is not a valid project name.
        """
        project = named_project(name, commitment.lock)
        if project not in commitment.lock.projects:
            self._refusals.note(commitment.address, project, None, "not in the lock")
            raise not_pinned(commitment, project)
        return project
