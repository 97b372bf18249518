"""The crates that a lock admits: those of its committed Cargo.locks, and of the Cargo.locks of its sdists."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from functools import partial

from attrs import define, field, frozen
from twisted.internet.interfaces import IReactorTime

from reqpi.core.crates.admission import AdmittedCrates
from reqpi.core.crates.model import CargoLock
from reqpi.core.crates.reading import crates_of
from reqpi.core.errors import DeniedByOperator, UpstreamTrouble
from reqpi.core.model import Commitment, File, Page
from reqpi.runtime.derived_cache import DerivedCache
from reqpi.runtime.offload import ADMITTED_CRATES, LOCK
from reqpi.runtime.singleflight import SingleFlight, each
from reqpi.shelf.crates.sdist_locks import SdistCargoLocks, project_key
from reqpi.shelf.shelf import Shelf

__all__ = ["AdmittedOfLocks", "CratesOfSdists"]

_AT_ONCE = 8
"""Sdists of one lock that are looked at concurrently."""

_SCAN_LASTS = 0.1
"""Seconds for which an sdist counts as missing in the store: cargo requests many crates at the same time."""

_HELD_LASTS = 60.0
"""Seconds for which an sdist counts as held: until then one that was swept is read from memory, or fetched again."""

_SEARCH_LASTS = 5.0
"""Seconds for which the result of a search through all sdists is used: anyone can ask for crates that no lock has."""

_LOCKS = 32 << 20
"""Bytes of admitted crates kept in memory, as an estimate."""

_WEIGHT = 700
"""Bytes of one admitted crate, as an estimate."""

_OVERHEAD = 2000
"""Bytes of a lock without crates."""


@frozen
class CratesOfSdists:
    """The crates that are known to be admitted.

    :param crates: all of them.
    :param without: the sdists that need Rust and have no Cargo.lock.
    :param troubles: why an sdist could not be read.
    """

    crates: AdmittedCrates
    without: tuple[File, ...] = ()
    troubles: tuple[UpstreamTrouble, ...] = ()


@define
class _Known:
    """The knowledge about one lock.

    :ivar committed: its own Cargo.locks.
    :ivar sdists: the sdists that it admits; ``None`` while some page is not frozen.
    :ivar scanned: when the store was last looked through for sdists that were missing, in seconds.
    :ivar scanned_all: when it was last looked through for all sdists.
    :ivar held: the sdists that were in the store then.
    :ivar searched: when all sdists were last searched, in seconds.
    :ivar found: the result.
    :ivar plain: the sdists that need no Rust as the upstream claims: that counts until they are in the store.
    """

    committed: tuple[CargoLock, ...]
    sdists: tuple[File, ...] | None = None
    scanned: float = float("-inf")
    scanned_all: float = float("-inf")
    held: frozenset[File] = frozenset()
    searched: float = float("-inf")
    found: CratesOfSdists | None = None
    plain: set[File] = field(factory=set)


class AdmittedOfLocks:
    """The admitted crates of every lock."""

    def __init__(self, shelf: Shelf, clock: IReactorTime) -> None:
        self._shelf = shelf
        self._clock = clock
        self._sdist_locks = SdistCargoLocks(shelf)
        self._known: DerivedCache[_Known] = DerivedCache(_LOCKS)
        self._together: DerivedCache[AdmittedCrates] = DerivedCache(_LOCKS)
        self._joining: SingleFlight[AdmittedCrates] = SingleFlight()
        self._scanning: SingleFlight[None] = SingleFlight()
        self._searching: SingleFlight[CratesOfSdists] = SingleFlight()

    async def satisfying(
        self, commitment: Commitment, wanted: Callable[[AdmittedCrates], bool], *, listing: bool = False
    ) -> CratesOfSdists:
        """Return the admitted crates as far as they are needed.

        A client that builds an sdist has taken it from here, so sdists in the store are read first. The others are
        read, and fetched if they need Rust, only if those do not admit what is wanted.

        :param wanted: whether some crates are all that is needed.
        :param listing: all that are known are needed: an sdist that has just arrived may admit more of them.
        """
        state = await self._state(commitment)
        if not listing and self._clock.seconds() - state.scanned_all <= _HELD_LASTS:
            known = await self.of_sdists(commitment, state.held)
            if wanted(known.crates):
                return known  # without a look at the store
        known = await self.here(commitment)
        if wanted(known.crates):
            return known
        if state.found is None or self._clock.seconds() - state.searched > _SEARCH_LASTS:
            return await self._searching.do(commitment.address, partial(self._search, commitment, state))
        return state.found

    async def has_committed(self, commitment: Commitment) -> bool:
        """Return whether a Cargo.lock was committed: it serves the sdists that have none."""
        return bool((await self._state(commitment)).committed)

    async def here(self, commitment: Commitment) -> CratesOfSdists:
        """Return the crates that the committed Cargo.locks and the sdists in the store admit."""
        state = await self._state(commitment)
        if self._clock.seconds() - state.scanned > _SCAN_LASTS:
            await self._scanning.do(commitment.address, partial(self._scan, commitment, state))
        return await self.of_sdists(commitment, state.held)

    async def at_hand(self, commitment: Commitment) -> AdmittedCrates:
        """Return what :meth:`here` does, as far as it is known without asking an upstream: pages may not be frozen."""
        state = await self._state(commitment)
        if state.sdists is not None:
            return (await self.here(commitment)).crates
        pages = await self._shelf.frozen(commitment, commitment.lock.projects)
        return (await self.of_sdists(commitment, await self._held(_sdists(pages.values())))).crates

    async def of_sdists(self, commitment: Commitment, sdists: Collection[File]) -> CratesOfSdists:
        """Return the crates that the committed Cargo.locks and these sdists admit; the sdists are fetched if needed."""
        state = await self._state(commitment)
        troubles: list[UpstreamTrouble] = []
        locks: dict[File, CargoLock] = {}
        without: list[File] = []

        async def look(file: File) -> None:
            if file in state.plain and file not in state.held:
                return
            try:
                found = self._sdist_locks.known(file) or await self._sdist_locks.of(commitment, file)
            except UpstreamTrouble as trouble:
                troubles.append(trouble)
                return
            if found.lock is not None:
                locks[file] = found.lock
            elif found.needed:
                without.append(file)
            elif self._sdist_locks.known(file) is None:
                state.plain.add(file)

        await each(sdists, look, _AT_ONCE)
        key = (commitment.address, tuple(sorted(map(project_key, locks))))
        crates = self._together.get(commitment, key)
        if crates is None:
            crates = await self._joining.do(key, partial(_joined, (*state.committed, *locks.values())))
            self._together.put(commitment, key, crates, _OVERHEAD + _WEIGHT * (len(crates.crates) + len(crates.git)))
        return CratesOfSdists(crates, tuple(sorted(without, key=lambda file: file.filename)), tuple(troubles))

    async def sdists(self, commitment: Commitment) -> tuple[File, ...]:
        """Return the sdists that a lock admits. Those of pages that cannot be frozen are missing."""
        state = await self._state(commitment)
        if state.sdists is not None:
            return state.sdists
        try:
            pages = await self._shelf.pages(commitment)
        except (DeniedByOperator, UpstreamTrouble):
            pages = await self._shelf.frozen(commitment, commitment.lock.projects)
            return _sdists(pages.values())
        state.sdists = _sdists(pages.values())
        return state.sdists

    async def _state(self, commitment: Commitment) -> _Known:
        key = commitment.address
        state = self._known.get(commitment, key)
        if state is None:
            size = sum(len(document.data) for document in commitment.lock.documents)
            state = _Known(await LOCK.run(size, crates_of, commitment.lock))
            state = self._known.get(commitment, key) or state
            self._known.put(commitment, key, state, _OVERHEAD + size)
        return state

    async def _search(self, commitment: Commitment, state: _Known) -> CratesOfSdists:
        state.found = await self.of_sdists(commitment, await self.sdists(commitment))
        state.searched = self._clock.seconds()  # a search may take longer than its result lasts
        return state.found

    async def _scan(self, commitment: Commitment, state: _Known) -> None:
        began = self._clock.seconds()
        sdists = await self.sdists(commitment)
        anew = began - state.scanned_all > _HELD_LASTS
        before: frozenset[File] = frozenset() if anew else state.held
        state.held = before | await self._held(file for file in sdists if file not in before)
        state.scanned = began
        state.scanned_all = began if anew else state.scanned_all

    async def _held(self, sdists: Iterable[File]) -> frozenset[File]:
        """Return those of some sdists that are in the store."""
        sizes = await self._shelf.sizes(sdists)
        return frozenset(file for file, size in sizes.items() if size is not None)


def _sdists(pages: Iterable[Page]) -> tuple[File, ...]:
    return tuple(file for page in pages for file in page.files if not file.wheel and file.sha256)


async def _joined(locks: Collection[CargoLock]) -> AdmittedCrates:
    """Return what these locks admit together."""
    amount = sum(len(lock.crates) + len(lock.git) for lock in locks)
    return await ADMITTED_CRATES.run(amount, AdmittedCrates.of_locks, locks)
