"""The verbs on a commitment: take from its shelf a page, a file, a file's metadata.

Every answer passes :func:`reqpi.core.admission.admits`: nothing leaves here that the lock does not admit, and no byte
but under
a digest.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import partial

from packaging.utils import canonicalize_name
from twisted.internet.defer import Deferred, TimeoutError
from twisted.internet.interfaces import IReactorTime

from reqpi.core import admission
from reqpi.core.errors import NotAdmitted, NotServed, UpstreamTrouble, wanting
from reqpi.core.interfaces import Store, Upstream
from reqpi.core.locks.adding import how_to_pin
from reqpi.core.metadata import BuildSystem
from reqpi.core.model import Commitment, File, Lock, Page, Project
from reqpi.core.releases import newest
from reqpi.core.report import Note
from reqpi.runtime.singleflight import PATIENCE, SingleFlight, each, within
from reqpi.shelf.commitments import CommitmentCache, Commitments
from reqpi.shelf.files.build_systems import BuildSystems
from reqpi.shelf.files.core_metadata import CoreMetadata
from reqpi.shelf.files.downloads import Downloads
from reqpi.shelf.files.file_responses import FileResponse, FileResponses
from reqpi.shelf.freezing import Freezing
from reqpi.shelf.lacking_pins import all_lacking
from reqpi.shelf.refusals import Refusals
from reqpi.shelf.whole_lock.build_requirements import BuildRequirementsOfLocks, LockReading
from reqpi.shelf.whole_lock.sboms import Sboms

__all__ = ["FileResponse", "Shelf"]

_PAGES = 24 << 20
"""Bytes of frozen pages kept in memory: some 13,000 files."""

_AT_ONCE = 16
"""Pages that one export has upstream asked for at the same time."""

_LOOKED_UP = 16
"""Files that the store is asked for at the same time, for one who wants to know of many."""

_SUGGESTIONS = 50
_SUGGESTING = 4
"""Projects that a suggestion is looked up for, and how many at the same time."""

_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,126}[a-z0-9])?")


class Shelf:
    """Everything that can be done with locks, over a store and an upstream.

    :param clock: what waiting is counted on, and the time of day.
    :param instance: a name for this process that no other on the same store has.
    :param redirect_above: bytes of a file from which on clients are told where the store has it; ``None``: never.
    :param export_bytes: of exports kept in memory.
    """

    def __init__(
        self,
        store: Store,
        upstream: Upstream,
        clock: IReactorTime,
        instance: str,
        redirect_above: int | None = None,
        *,
        export_bytes: int = 32 << 20,
    ) -> None:
        self.commitments = Commitments(store, clock, upstream.refuses)
        self.refusals = Refusals(store, instance, clock.seconds)
        self._store = store
        self._upstream = upstream
        self._clock = clock
        self._downloads = Downloads(store, upstream, clock)
        self.file_responses = FileResponses(store, self._downloads, redirect_above)
        self._freezing = Freezing(store, upstream, self._downloads)
        self.core_metadata = CoreMetadata(store, upstream, self._downloads, clock)
        self.sboms = Sboms(store, clock, self.pages, self.metadata)
        self._build_systems = BuildSystems(store, upstream, self._downloads)
        self.building = BuildRequirementsOfLocks(
            store, clock, LockReading(self.pages, self.metadata, self.build_system)
        )
        self._under_way: SingleFlight[Page] = SingleFlight()
        self.exports: CommitmentCache[bytes] = CommitmentCache(export_bytes)
        self._pages: CommitmentCache[Page] = CommitmentCache(_PAGES)
        self._suggesting: SingleFlight[dict[Project, str | None]] = SingleFlight()
        self._gathering: SingleFlight[dict[Project, Page]] = SingleFlight()

    def notes(self, lock: Lock) -> tuple[Note, ...]:
        """What a user should know of what the operator allows of a lock."""
        return self._upstream.notes(lock)

    # Pages

    async def page(self, commitment: Commitment, name: str) -> Page:
        """The frozen page of a project: what the commitment saw of it the first time.

        :param name: in any spelling.
        :raises reqpi.core.errors.NotAdmitted: the lock does not pin it.
        :raises reqpi.core.errors.NotServed: it is no project's name.
        :raises reqpi.core.errors.UpstreamTrouble: it is not frozen yet, and upstream cannot be asked.
        """
        project = self._pinned(commitment, name)
        kept = self._pages.get(commitment, project)
        if kept is not None:
            return kept
        waiting = self._under_way.do((commitment.address, project), partial(self._freezing.page, commitment, project))
        with wanting(project):
            page = await within(PATIENCE, self._clock, waiting, f"the page of {project} is")
        self._pages.put(commitment, project, page, page.weight)
        return page

    async def freeze(self, commitment: Commitment, project: Project) -> None:
        """See that the page of a project that the lock pins is frozen, however long that takes.

        Whoever asks for the page meanwhile gets it as soon as it is.
        """
        await self._under_way.do((commitment.address, project), partial(self._freezing.page, commitment, project))

    @property
    def crowded(self) -> bool:
        """Whether pages wait because upstreams are being asked for as many others as may be at a time."""
        return self._freezing.crowded

    async def frozen(self, commitment: Commitment, projects: Iterable[Project]) -> dict[Project, Page]:
        """The pages among ``projects`` that are frozen already. No upstream is asked."""
        return await self._freezing.known(commitment, projects)

    # Files

    async def file(self, commitment: Commitment, name: str, filename: str) -> FileResponse:
        """A file, from the store or on its way into it.

        :raises reqpi.core.errors.NotAdmitted: the lock does not admit it.
        :raises reqpi.core.errors.UpstreamTrouble: it is not in the store, and cannot be had.
        """
        return await self.file_responses.of(await self._admitted(commitment, name, filename))

    async def hold(self, commitment: Commitment, name: str, filename: str) -> int:
        """See that a file is in the store, and a wheel's core metadata; fetch what is not, however long that takes.

        :returns: the file's size in bytes.
        :raises reqpi.core.errors.NotAdmitted: the lock does not admit it.
        :raises reqpi.core.errors.UpstreamTrouble: it cannot be had.
        :raises reqpi.core.errors.StoreTrouble: it cannot be kept.
        """
        file = await self._admitted(commitment, name, filename)
        size = await self.file_responses.here(file)
        if size is None:
            size = await self._downloads.of(file).landing()
        if file.wheel:
            await self.core_metadata.of(file, commitment.address)
        return size

    async def held(self, file: File) -> int | None:
        """The size in bytes of a file that is in the store, a wheel with its core metadata; else ``None``.

        Lengths are compared and nothing is hashed: :mod:`reqpi.shelf.maintenance.verify` does that, and so does
        serving.
        """
        size = await self._store.size(str(file.sha256))
        if size is None or (file.size not in (None, size) and not await self.file_responses.sound(file, size)):
            return None
        return size if not file.wheel or await self.core_metadata.at_hand(file) else None

    async def sizes(self, files: Iterable[File]) -> dict[File, int | None]:
        """The same of each of ``files``."""
        return await each(files, self.held, _LOOKED_UP)

    def coming(self, file: File) -> int:
        """Bytes that have come of a file on its way; 0 where it is not."""
        return self._downloads.received(file)

    async def metadata(self, commitment: Commitment, name: str, filename: str) -> bytes:
        """The core metadata of a wheel. What upstream was asked for by ranges gives way once the wheel is here.

        :raises reqpi.core.errors.NotAdmitted: the lock does not admit the wheel.
        :raises reqpi.core.errors.NotServed: it is no wheel.
        :raises reqpi.core.errors.UpstreamTrouble: it cannot be had.
        """
        file = await self._admitted(commitment, name, filename)
        if not file.wheel:
            raise NotServed(f"{filename} has no metadata file", "Only wheels have one.")
        with wanting(f"{filename}.metadata"):
            return await self.core_metadata.of(file, commitment.address)

    async def build_system(
        self, commitment: Commitment, name: str, filename: str, *, whole: bool = True
    ) -> BuildSystem:
        """What an sdist is built with, however long it takes to know.

        :param whole: fetch all of it where its beginning does not tell.
        :raises reqpi.core.errors.NotAdmitted: the lock does not admit it.
        :raises reqpi.core.errors.NotServed: it is a wheel.
        :raises reqpi.core.errors.UpstreamTrouble: it cannot be had, or is broken.
        """
        file = await self._admitted(commitment, name, filename)
        if file.wheel:
            raise NotServed(f"{filename} is built", "Only sdists say what they are built with.")
        with wanting(filename):
            return await self._build_systems.of(file, commitment.address, whole=whole)

    async def is_settled(self, commitment: Commitment, name: str, filename: str) -> bool:
        """Whether :meth:`metadata` will never say other bytes of that wheel."""
        return await self.core_metadata.is_settled(await self._admitted(commitment, name, filename))

    async def _admitted(self, commitment: Commitment, name: str, filename: str) -> File:
        page = await self.page(commitment, name)
        file = page.by_filename.get(filename)
        if file is None or not admission.admits(commitment.lock, file):
            pinned = ", ".join(sorted({pin.version for pin in commitment.lock.projects[page.project]}))
            self.refusals.note(commitment.address, page.project, filename[:255], "the lock does not admit this file")
            raise NotAdmitted(
                f"{filename[:100]} is not admitted by lock {commitment.short}",
                f"The lock pins {page.project} {pinned}. Its page here lists the files that it admits.",
            )
        return file

    # All of a lock

    async def pages(self, commitment: Commitment) -> dict[Project, Page]:
        """The frozen page of every project that the lock pins: what an export is made of.

        :raises reqpi.core.errors.UpstreamTrouble: not all is frozen yet, and an upstream cannot be asked.
        """
        waiting = self._gathering.do(commitment.address, partial(self._pages_of, commitment))
        return await within(PATIENCE, self._clock, waiting, f"the pages of lock {commitment.short} are")

    async def _pages_of(self, commitment: Commitment) -> dict[Project, Page]:
        """The pages; where pins cannot be completed, an error that names all of them."""
        lacking: list[UpstreamTrouble] = []

        async def page(project: Project) -> Page | None:
            try:
                return await self.page(commitment, project)
            except UpstreamTrouble as error:
                if not error.defects:
                    raise
                lacking.append(error)
                return None

        try:
            pages = await each(commitment.lock.projects, page, _AT_ONCE)
        except UpstreamTrouble:
            if not lacking:
                raise
        if lacking:
            raise all_lacking(lacking)
        return {project: page for project, page in pages.items() if page is not None}

    async def suggest(self, projects: Iterable[Project]) -> dict[Project, str]:
        """For each project, a line that would pin its newest release, as upstream has it now.

        It is advice to a person, so what upstream does not answer soon is left out.
        """
        asked = tuple(sorted(projects)[:_SUGGESTIONS])
        found = await self._suggesting.do(asked, partial(each, asked, self._suggestion, _SUGGESTING))
        return {project: line for project, line in found.items() if line is not None}

    async def _suggestion(self, project: Project) -> str | None:
        try:
            page = await Deferred.fromCoroutine(self._upstream.page(project)).addTimeout(PATIENCE / 2, self._clock)
        except (UpstreamTrouble, TimeoutError):
            return None
        versions = {file.version for file in page.files if not file.yanked}
        found = newest({version for version in versions if not version.is_prerelease} or versions)
        return f"{project}=={found[0]}" if found else None

    # What all of them ask

    def _pinned(self, commitment: Commitment, name: str) -> Project:
        """The project that ``name`` means, if the lock pins it."""
        project = canonicalize_name(name)
        if project in commitment.lock.projects:
            return project
        if _NAME.fullmatch(project) is None:
            raise NotServed("no such project", "That is no project's name.")
        self.refusals.note(commitment.address, project, None, "not in the lock")
        raise NotAdmitted(
            f"{project} is not in lock {commitment.short}",
            f"Only what the lock pins can be installed from here. {how_to_pin(commitment.lock.format, project)}, "
            "commit the file again and use the address that it has then.",
        )
