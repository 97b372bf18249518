"""Whether locks contain everything that they need, from the core metadata of all their releases.

All metadata is read from files: no build is run, and no project is asked for that the lock does not pin.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from twisted.internet.defer import DeferredSemaphore
from twisted.internet.interfaces import IReactorTime

from reqpi.core import closed
from reqpi.core.build_requirements import BuildReport
from reqpi.core.closed import ClosedReport, LockedRelease, Requirements
from reqpi.core.errors import Pending, UpstreamTrouble
from reqpi.core.interfaces import Records
from reqpi.core.model import Commitment, File
from reqpi.core.report import Note
from reqpi.core.targets import EVERYWHERE, InstallTarget
from reqpi.runtime.derived_cache import DerivedCache
from reqpi.runtime.offload import in_thread
from reqpi.runtime.singleflight import PATIENCE, SingleFlight, each, within
from reqpi.shelf.shelf import Shelf
from reqpi.shelf.whole_lock.build_requirements import BuildRequirementsOfLocks
from reqpi.shelf.whole_lock.known_warnings import KnownWarnings
from reqpi.shelf.whole_lock.sdist_requirements import requirements_of_sdist

__all__ = ["ClosedLocks"]

_AT_ONCE = 8
"""Metadata files that one report requests concurrently."""

_ROUNDS = 3
"""How often metadata that is being fetched is waited for, ten seconds each time."""

_CHECKS = 1
"""Locks that are checked concurrently: the work keeps one core busy."""

_MOST = 32
"""Reports that may be in progress at the same time, each on another lock or target."""

_REPORTS = 16 << 20
"""Bytes of reports kept in memory, as an estimate."""

_WEIGHT = 1000
"""Bytes of one line of a report, as an estimate."""

_NOTES = 100
"""Warnings that are recorded for a lock, at most."""


class ClosedLocks:
    """The reports on whether locks are closed.

    :param building: the build requirements of the same locks.
    """

    def __init__(self, shelf: Shelf, records: Records, building: BuildRequirementsOfLocks, clock: IReactorTime) -> None:
        self._shelf = shelf
        self._building = building
        self._clock = clock
        self._warnings = KnownWarnings(records, "closed")
        self._under_way: SingleFlight[ClosedReport] = SingleFlight()
        self._reports: DerivedCache[ClosedReport] = DerivedCache(_REPORTS)
        self._checking = DeferredSemaphore(_CHECKS)
        self._asked_for = 0

    async def of(self, commitment: Commitment, target: InstallTarget, patience: float = PATIENCE) -> ClosedReport:
        """Return whether a lock is closed for a target, or, without one, in the environments that it describes.

        :param patience: how long to wait, in seconds.
        :raises reqpi.core.errors.UpstreamTrouble: it is not known yet; finding out goes on in the background.
        """
        key = (commitment.address, target)
        cached = self._reports.get(commitment, key)
        if cached is not None:
            return cached
        finding = self._under_way.do((id(commitment), target), partial(self._found, commitment, target))
        what = f"the requirements of lock {commitment.short} are"
        return await within(min(patience, PATIENCE), self._clock, finding, what)

    def known(self, commitment: Commitment) -> ClosedReport | None:
        """Return the report without a target, if it was made recently and is still in memory."""
        return self._reports.get(commitment, (commitment.address, EVERYWHERE))

    async def warnings(self, commitment: Commitment) -> tuple[Note, ...]:
        """Return a note for each requirement that is known not to be met, without asking an upstream."""
        return await self._warnings.of(commitment.address)

    async def _found(self, commitment: Commitment, target: InstallTarget) -> ClosedReport:
        if self._asked_for >= _MOST:
            raise Pending(f"{_MOST} locks are being checked", "This one comes after them. Ask again in a moment.")
        self._asked_for += 1
        try:
            report = await self._made(commitment, target)
        finally:
            self._asked_for -= 1
        if not report.troubles:
            lines = len(report.unmet) + len(report.unknown) + 1
            self._reports.put(commitment, (commitment.address, target), report, _WEIGHT * lines)
            if target == EVERYWHERE:
                await self._warnings.record(commitment.address, report.notes()[:_NOTES])
        return report

    async def _made(self, commitment: Commitment, target: InstallTarget) -> ClosedReport:
        pages = await self._shelf.pages(commitment)
        building = await self._builds(commitment, target)
        releases = await in_thread(closed.releases_of, commitment, pages, target)
        declared = {
            sdist.file: sdist.system.dependencies
            for sdist in building.sdists
            if sdist.system is not None and sdist.system.dependencies is not None
        }
        checking = closed.Checking(releases, commitment.lock.local)
        environments = closed.environments_for(target, commitment.lock.support)
        needed = await self._checking.run(in_thread, checking.needed, environments.each)
        requires: dict[LockedRelease, Requirements] = {}
        missing: Sequence[LockedRelease] = needed
        for _ in range(_ROUNDS):
            requires |= await each(missing, partial(self._requirements, commitment, declared), _AT_ONCE)
            missing = [release for release in missing if requires[release].trouble and not requires[release].final]
            if not missing:
                break
        return await self._checking.run(in_thread, closed.checked, checking, environments, requires, building)

    async def _builds(self, commitment: Commitment, target: InstallTarget) -> BuildReport:
        """Return the build requirements, which may take longer than one caller of theirs waits."""
        for _ in range(_ROUNDS - 1):
            try:
                return await self._building.of(commitment, target)
            except Pending:
                continue
        return await self._building.of(commitment, target)

    async def _requirements(
        self, commitment: Commitment, declared: dict[File, tuple[str, ...]], release: LockedRelease
    ) -> Requirements:
        """Return what a release requires.

        :param declared: the requirements that sdists state in their sources.
        """
        file = release.described
        if file is None:
            return Requirements()
        try:
            if file.wheel:
                metadata = await self._shelf.metadata(commitment, file.project, file.filename)
                return await in_thread(closed.requirements_in, metadata)
            if file in declared:
                return closed.requirements_of(declared[file])
            return await requirements_of_sdist(self._shelf, commitment, file)
        except UpstreamTrouble as trouble:
            return Requirements(
                trouble=f"the requirements of {file.filename} are not known: {trouble}", final=trouble.final
            )
