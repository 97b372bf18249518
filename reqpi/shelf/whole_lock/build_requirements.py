"""Build requirements of the sdists of a lock, and those of them that the lock does not pin.

A client that builds an sdist requests the sdist's build requirements, and their dependencies, from the same index. So
an address that admits an sdist but not its build requirements refuses them in the middle of the client's build. All
results are read from files: no build is run. Requirements that a backend requests only while it builds are in no file,
and are not known here.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from attrs import evolve
from packaging.utils import canonicalize_name
from packaging.version import Version
from twisted.internet.interfaces import IReactorTime

from reqpi.core.build_requirements import (
    AskedRequirement,
    BuildReport,
    BuiltSdist,
    PinnedRelease,
    WantedBy,
    WantedRequirement,
    asked_by,
    dependencies_of,
    has_wheel,
    lacking,
    required_by,
    sdists_of,
)
from reqpi.core.errors import UpstreamTrouble
from reqpi.core.interfaces import Records
from reqpi.core.model import Commitment, File, Page, Project
from reqpi.core.releases import sdist_of
from reqpi.core.report import Note
from reqpi.core.targets import EVERYWHERE, InstallTarget
from reqpi.runtime.derived_cache import DerivedCache
from reqpi.runtime.offload import in_thread
from reqpi.runtime.singleflight import PATIENCE, SingleFlight, each, within
from reqpi.shelf.files.build_systems import TooDeep
from reqpi.shelf.shelf import Shelf
from reqpi.shelf.whole_lock.known_warnings import KnownWarnings

__all__ = ["BuildRequirementsOfLocks"]

_AT_ONCE = 8
"""Sdists that one report requests from the upstream concurrently."""

_STEPS = 500
"""Requirements that are followed for one sdist: the largest trees of build backends have 30."""

_NOTES = 100
"""Notes of one report, at most."""

_ANSWERS = 16 << 20
"""Bytes of reports kept in memory, as an estimate."""

_WEIGHT = 500
"""Bytes of one line of a report, as an estimate."""


class BuildRequirementsOfLocks:
    """The build requirements of every lock."""

    def __init__(self, shelf: Shelf, records: Records, clock: IReactorTime) -> None:
        self._shelf = shelf
        self._warnings = KnownWarnings(records, "build-requirements")
        self._clock = clock
        self._finding: SingleFlight[BuildReport] = SingleFlight()
        self._answers: DerivedCache[BuildReport] = DerivedCache(_ANSWERS)

    async def of(
        self, commitment: Commitment, target: InstallTarget, patience: float = PATIENCE, *, needed: bool = False
    ) -> BuildReport:
        """Return the build requirements of a lock for a target.

        :param patience: how long to wait, in seconds.
        :param needed: read only the sdists that a build may need. The notes are the same.
        :raises reqpi.core.errors.UpstreamTrouble: they are not known yet; finding them out goes on in the background.
        """
        whole = self._answers.get(commitment, (commitment.address, target, False))
        cached = whole or self._answers.get(commitment, (commitment.address, target, needed))
        if cached is not None:
            return cached
        finding = self._finding.do((id(commitment), target, needed), partial(self._found, commitment, target, needed))
        what = f"the build requirements of lock {commitment.short} are"
        return await within(min(patience, PATIENCE), self._clock, finding, what)

    async def warnings(self, commitment: Commitment) -> tuple[Note, ...]:
        """Return a note for each build requirement that is known to be lacking, without asking an upstream."""
        return await self._warnings.of(commitment.address)

    async def _found(self, commitment: Commitment, target: InstallTarget, needed: bool) -> BuildReport:
        pages = await self._shelf.pages(commitment)
        found = await in_thread(sdists_of, commitment, pages, target)
        if needed:
            found = [sdist for sdist in found if sdist.must_be_built or not has_wheel(pages, sdist.file)]
        read = await each(found, partial(self._read, commitment), _AT_ONCE)
        work = _Work(self._shelf, commitment, pages, target, {sdist.file: sdist for sdist in read.values()})
        answer = await work.answer([read[sdist] for sdist in found])
        if answer.lasting:
            weight = _WEIGHT * (len(answer.sdists) + len(answer.wanted) + 1)
            self._answers.put(commitment, (commitment.address, target, needed), answer, weight)
            if target == EVERYWHERE:
                await self._warnings.record(commitment.address, answer.notes)
        return answer

    async def _read(self, commitment: Commitment, sdist: BuiltSdist) -> BuiltSdist:
        try:
            system = await self._shelf.build_system(
                commitment, sdist.file.project, sdist.file.filename, whole=sdist.must_be_built
            )
        except TooDeep as deep:
            return evolve(sdist, passed_over=str(deep))
        except UpstreamTrouble as trouble:
            return evolve(sdist, trouble=str(trouble))
        return evolve(sdist, system=system)


class _Work:
    """The work on one report."""

    def __init__(
        self,
        shelf: Shelf,
        commitment: Commitment,
        pages: Mapping[Project, Page],
        target: InstallTarget,
        sdists: Mapping[File, BuiltSdist],
    ) -> None:
        self._shelf = shelf
        self._commitment = commitment
        self._pages = pages
        self._target = target
        self._sdists = sdists
        self._releases = {project: PinnedRelease.of(page) for project, page in pages.items()}
        self._wanted = WantedBy(self._releases)
        self._troubles: list[str] = []
        self._dependencies: dict[tuple[Project, Version], tuple[str, ...]] = {}

    async def answer(self, sdists: list[BuiltSdist]) -> BuildReport:
        """Follow the build requirements of each of ``sdists``."""
        notes: list[Note] = []
        for sdist in sdists:
            wanted = await self._closure(sdist)
            note = lacking(sdist, wanted) if sdist.must_be_built else None
            if note is not None and len(notes) < _NOTES:
                notes.append(note)
        notes.sort(key=lambda note: (note.document, note.line))
        return BuildReport(tuple(sdists), self._wanted.all(), tuple(notes), tuple(self._troubles))

    async def _closure(self, sdist: BuiltSdist) -> list[WantedRequirement]:
        """Return the build requirements of one sdist that count in every environment, and their dependencies."""
        if sdist.system is None:
            return []
        queue = asked_by(sdist.system, sdist.file.filename, self._releases, self._target)
        seen: set[tuple[Project, frozenset[str], bool]] = set()
        counting: list[WantedRequirement] = []
        for asked in queue:
            wanted = self._wanted.add(asked, must=sdist.must_be_built)
            if asked.counts:
                counting.append(wanted)
            key = (wanted.project, frozenset(asked.requirement.extras), asked.counts)
            if wanted.state == "pinned" and key not in seen and len(queue) < _STEPS:
                seen.add(key)
                queue += await self._needs(wanted.project, asked)
        return counting

    async def _needs(self, project: Project, asked: AskedRequirement) -> list[AskedRequirement]:
        """Return the dependencies of a pinned release that is installed as a build requirement."""
        extras = frozenset(map(canonicalize_name, asked.requirement.extras))
        fitting = [
            version
            for version in self._releases[project].versions
            if asked.requirement.specifier.contains(version, prereleases=True)
        ]
        needs: list[AskedRequirement] = []
        for version in fitting:
            texts = await self._dependencies_of(project, version)
            by = f"{project} {version}"
            needs += dependencies_of(texts, by, extras, self._target, counts=asked.counts)
        return needs

    async def _dependencies_of(self, project: Project, version: Version) -> tuple[str, ...]:
        """Return the dependencies that a release declares; an empty tuple if they are not known."""
        known = self._dependencies.get((project, version))
        if known is None:
            files = [file for file in self._pages[project].files if file.listed and file.version == version]
            known = self._dependencies[project, version] = await self._said_by(files)
        return known

    async def _said_by(self, files: list[File]) -> tuple[str, ...]:
        wheel = min((file for file in files if file.wheel), key=lambda file: file.filename, default=None)
        if wheel is not None:
            try:
                return required_by(await self._shelf.metadata(self._commitment, wheel.project, wheel.filename))
            except UpstreamTrouble as trouble:
                self._troubles.append(f"the dependencies of {wheel.filename} are not known: {trouble}")
                return ()
        file = sdist_of(files)
        sdist = self._sdists.get(file) if file is not None else None
        return (sdist.system.dependencies or ()) if sdist is not None and sdist.system is not None else ()
