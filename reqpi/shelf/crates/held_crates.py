"""The crates that a hold covers: those of the sdists that have to be built, and those of committed Cargo.locks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from reqpi.core.access.logins import UsableLogins
from reqpi.core.build_requirements import BuiltSdist, sdists_of
from reqpi.core.crates.commits import commit_at
from reqpi.core.crates.sdist import needs_rust
from reqpi.core.crates.source import crate_at, file_of
from reqpi.core.errors import UpstreamTrouble
from reqpi.core.interfaces import Records
from reqpi.core.model import Commitment, File, Lock, Page, Project
from reqpi.core.report import Note
from reqpi.core.targets import EVERYWHERE, InstallTarget
from reqpi.runtime.derived_cache import DerivedCache
from reqpi.runtime.offload import in_thread
from reqpi.shelf.crates.admitted import CratesOfSdists
from reqpi.shelf.crates.crates_of_locks import CratesOfLocks
from reqpi.shelf.shelf import Shelf
from reqpi.shelf.whole_lock.further_files import FurtherNeeds
from reqpi.shelf.whole_lock.known_warnings import KnownWarnings

__all__ = ["HeldCrates"]

_NOTES = 100
"""Warnings that are recorded for a lock, at most."""

_FOUND = 8 << 20
"""Bytes of pages whose sdists are remembered; they are mostly in memory anyway."""

_UNPINNED = "it needs Rust and has no Cargo.lock, so nothing pins its crates: commit one beside the lock"


class HeldCrates:
    """The :class:`reqpi.shelf.whole_lock.further_files.FurtherFiles` of crates.

    An sdist of which the target uses a wheel needs none.
    """

    def __init__(self, shelf: Shelf, records: Records, crates: CratesOfLocks) -> None:
        self._shelf = shelf
        self._crates = crates
        self._warnings = KnownWarnings(records, "crates")
        self._found: DerivedCache[tuple[Mapping[Project, Page], Sequence[BuiltSdist]]] = DerivedCache(_FOUND)

    async def needed(
        self, commitment: Commitment, pages: Mapping[Project, Page], target: InstallTarget
    ) -> FurtherNeeds:
        """See :meth:`reqpi.shelf.whole_lock.further_files.FurtherFiles.needed`."""
        found = await self._sdists(commitment, pages, target)
        built = {sdist.file: sdist for sdist in found if sdist.must_be_built}
        sizes = await self._shelf.sizes(built)
        held = [file for file, size in sizes.items() if size is not None]
        known = await self._crates.admitted.of_sdists(commitment, held)
        unpinned = () if await self._crates.admitted.has_committed(commitment) else known.without
        if target == EVERYWHERE and len(held) == len(built):
            await self._record(commitment, built, unpinned)
        needed = [*map(file_of, known.crates.crates), *(commit.file for commit in known.crates.commits)]
        files = {(file.project, file.filename): file for file in needed}
        return FurtherNeeds(tuple(files.values()), tuple(await self._remarks(commitment, known, unpinned)))

    async def _sdists(
        self, commitment: Commitment, pages: Mapping[Project, Page], target: InstallTarget
    ) -> Sequence[BuiltSdist]:
        """Return one sdist of each release that has one; those of the same pages are found once."""
        key = (commitment.address, target)
        kept = self._found.get(commitment, key)
        if kept is not None and kept[0] == pages:
            return kept[1]
        found = await in_thread(sdists_of, commitment, pages, target)
        self._found.put(commitment, key, (dict(pages), found), sum(page.weight for page in pages.values()))
        return found

    async def upstreams(self, lock: Lock) -> frozenset[str]:
        """See :meth:`reqpi.shelf.whole_lock.further_files.FurtherFiles.upstreams`."""
        return await self._crates.upstreams(lock)

    async def hold(self, commitment: Commitment, file: File, logins: UsableLogins) -> int:
        """See :meth:`reqpi.shelf.whole_lock.further_files.FurtherFiles.hold`."""
        commit = commit_at(file.url)
        if commit is not None:
            return await self._crates.commits.hold(commitment, commit, logins=logins)
        return await self._crates.hold(commitment, crate_at(file.url, file.index), logins=logins)

    async def held(self, commitment: Commitment, file: File) -> int | None:
        """See :meth:`reqpi.shelf.whole_lock.further_files.FurtherFiles.held`."""
        commit = commit_at(file.url)
        if commit is not None:
            return await self._crates.commits.held(commitment, commit)
        return await self._crates.held(commitment, crate_at(file.url, file.index))

    async def warnings(self, commitment: Commitment) -> tuple[Note, ...]:
        """See :meth:`reqpi.shelf.whole_lock.further_files.FurtherFiles.warnings`."""
        return await self._warnings.of(commitment.address)

    async def unpinned(
        self, commitment: Commitment, sdists: Iterable[BuiltSdist], target: InstallTarget, patience: float
    ) -> tuple[Note, ...]:
        """See :meth:`reqpi.shelf.whole_lock.further_files.FurtherFiles.unpinned`."""
        rust = {sdist.file: sdist for sdist in sdists if sdist.must_be_built and _needs_rust(sdist)}
        if not rust or await self._crates.admitted.has_committed(commitment):
            return ()
        try:
            known = await self._crates.of_sdists(commitment, rust, patience)
        except UpstreamTrouble:  # they are not known yet
            return ()
        if target == EVERYWHERE and not known.troubles:
            await self._record(commitment, rust, known.without)
        return tuple(_notes(rust, known.without))

    async def _record(self, commitment: Commitment, built: Mapping[File, BuiltSdist], unpinned: Iterable[File]) -> None:
        """Record a warning for each sdist whose crates nothing pins, for the next commit of the lock."""
        notes = _notes(built, unpinned)
        if notes or await self._warnings.of(commitment.address):
            await self._warnings.record(commitment.address, notes)

    async def _remarks(self, commitment: Commitment, known: CratesOfSdists, unpinned: Sequence[File]) -> list[str]:
        remarks = [f"{file.filename}: {_UNPINNED}" for file in unpinned]
        remarks += [str(trouble) for trouble in known.troubles]
        for crate in known.crates.crates:
            remarks += [f"{crate.filename}: {each}" for each in await self._crates.broken_promises(commitment, crate)]
        return remarks


def _needs_rust(sdist: BuiltSdist) -> bool:
    system = sdist.system
    return system is not None and needs_rust((*system.requires, *system.setup_requires))


def _notes(built: Mapping[File, BuiltSdist], unpinned: Iterable[File]) -> list[Note]:
    """Return a warning for each sdist whose crates nothing pins."""
    pins = [built[file].pin for file in unpinned][:_NOTES]
    return [Note(pin.line, pin.text, f"only an sdist of it is admitted: {_UNPINNED}", pin.document) for pin in pins]
