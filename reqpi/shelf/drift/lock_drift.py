"""The drift of one lock: what its indexes list now, and which advisories concern it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial

from attrs import evolve
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from reqpi.core.drift import advised
from reqpi.core.drift.finding import Finding
from reqpi.core.drift.findings import findings
from reqpi.core.drift.history import History
from reqpi.core.drift.report import DriftReport, UnknownDrift
from reqpi.core.drift.stored import dump_advised, load_advised
from reqpi.core.drift.watched import WatchedRelease, watched_releases
from reqpi.core.errors import StoreTrouble
from reqpi.core.interfaces import Store, Upstream
from reqpi.core.model import Commitment, File, Page, Pin, Project
from reqpi.runtime.offload import DECIDED_FILES, FROZEN_PAGE
from reqpi.runtime.singleflight import PATIENCE, SingleFlight, each, within
from reqpi.shelf.drift.histories import FRESH, Histories, KnownHistory
from reqpi.shelf.record_reading import read_or_none
from reqpi.shelf.records import advised_record, differing_metadata_record
from reqpi.shelf.shelf import Shelf

__all__ = ["LockDrift"]

_AT_ONCE = 16
"""Projects of one lock that are worked on concurrently; few of them ask an upstream at a time."""

_DAY = 86400.0

_log = Logger()


class LockDrift:
    """The drift of the locks of a store.

    :param advisories: returns the index of advisories as it is now; ``None`` if there is none.
    """

    def __init__(
        self,
        shelf: Shelf,
        store: Store,
        upstream: Upstream,
        clock: IReactorTime,
        advisories: Callable[[], advised.AdvisoryLookup | None] = lambda: None,
    ) -> None:
        self._shelf = shelf
        self._store = store
        self._upstream = upstream
        self._clock = clock
        self._advisories = advisories
        self._histories = Histories(store, upstream, clock)
        self._under_way: SingleFlight[DriftReport] = SingleFlight()

    def reveals(self, commitment: Commitment, project: Project) -> bool:
        """Return whether every client may know what the indexes of a project list."""
        return all(map(self._upstream.reveals, self._indexes(commitment.lock.projects[project])))

    @property
    def basis(self) -> object:
        """Whatever a report rests on that this process changes: two reports with equal ones say the same."""
        return self._histories.looks, self._advisories()

    @property
    def now(self) -> float:
        """The time of day in seconds since the epoch."""
        return self._clock.seconds()

    async def soon(self, commitment: Commitment, may_ask: Callable[[Project], bool]) -> DriftReport:
        """Return the drift of a lock if it is known soon. Otherwise the work goes on.

        :param may_ask: whether the indexes of a project may be asked for the client.
        :raises reqpi.core.errors.Pending: it takes longer; ask again.
        """
        asked = frozenset(filter(may_ask, commitment.lock.projects))
        work = partial(self.of, commitment, asked.__contains__)
        waiting = self._under_way.do((commitment.address, id(commitment), asked), work)
        return await within(PATIENCE, self._clock, waiting, f"the drift of lock {commitment.short} is")

    async def of(
        self, commitment: Commitment, may_ask: Callable[[Project], bool] = lambda _: True, *, fresh: float = FRESH
    ) -> DriftReport:
        """Return the drift of a lock, however long it takes to ask its indexes.

        :param may_ask: whether the indexes of a project may be asked.
        :param fresh: seconds for which the last look at an index counts.
        """
        pages = await self._pages(commitment)
        releases: dict[Project, list[WatchedRelease]] = {}
        for release in await DECIDED_FILES.run(_size(pages), _watched, commitment, pages):
            releases.setdefault(release.project, []).append(release)

        async def known(project: Project) -> dict[str, KnownHistory]:
            return await self._known(releases[project], may_ask=may_ask(project), fresh=fresh)

        looks = await each(releases, known, _AT_ONCE)
        histories = {project: _usable(found, frozen=project in pages) for project, found in looks.items()}
        differing = await self._differing(pages)
        compare = partial(findings, commitment.lock, pages, histories, differing)
        found = await DECIDED_FILES.run(_size(pages) + len(commitment.lock.pins), compare)
        unknown = tuple(UnknownDrift(*one) for one in _unknown(looks))
        advice = await self._advised(commitment)
        every = tuple(sorted([*found, *advice], key=lambda finding: finding.order))
        return DriftReport(every, unknown, frozenset(pages))

    async def _pages(self, commitment: Commitment) -> Mapping[Project, Page]:
        """Return the frozen pages, with the files that the operator denies: a denial changes no fact."""
        pages = await self._shelf.frozen(commitment, commitment.lock.projects)
        withheld: dict[Project, list[File]] = {}
        for file, _ in await self._shelf.withheld(commitment, commitment.lock.projects):
            withheld.setdefault(file.project, []).append(file)
        for project, files in withheld.items():
            page = pages.get(project) or Page(project, ())
            pages[project] = evolve(page, files=(*page.files, *files))
        return pages

    async def _known(self, releases: list[WatchedRelease], *, may_ask: bool, fresh: float) -> dict[str, KnownHistory]:
        """Return what is known of a project on each index that its files came from, or are looked for on."""
        project, versions = releases[0].project, frozenset(release.version for release in releases)
        pins = [pin for release in releases for pin in release.pins]
        found: dict[str, KnownHistory] = {}
        listed = [file.index for release in releases for file in release.frozen if file.source is None]
        for index in dict.fromkeys([*listed, *(one for pin in pins for one in self._named(pin))]):
            found[index] = await self._histories.of(project, index, versions, may_ask=may_ask, fresh=fresh)
        further = dict.fromkeys(one for pin in pins for one in self._upstream.indexes_for(pin).further)
        for index in further:
            if index not in found and _lacks_digests(releases, found.values()):
                found[index] = await self._histories.of(project, index, versions, may_ask=may_ask, fresh=fresh)
        return found

    def _named(self, pin: Pin) -> tuple[str, ...]:
        return self._upstream.indexes_for(pin).named

    def _indexes(self, pins: Iterable[Pin]) -> list[str]:
        found = [self._upstream.indexes_for(pin) for pin in pins if pin.source is None]
        return [index for one in found for index in (*one.named, *one.further)]

    async def _differing(self, pages: Mapping[Project, Page]) -> Mapping[str, float]:
        """Return the wheels that contain other core metadata than was promised, and since when that is known."""
        files = [file for page in pages.values() for file in page.files]
        differing: dict[str, float] = {}
        for file in await self._shelf.differing_metadata(files):
            sha256 = str(file.sha256)
            differing[sha256] = await self._store.last_used(differing_metadata_record(sha256)) or self._clock.seconds()
        return differing

    async def _advised(self, commitment: Commitment) -> list[Finding]:
        advisories = self._advisories()
        if advisories is None:
            return []
        by_project: dict[str, list[advised.AdvisedPin]] = {}
        size = sum(len(document.data) for document in commitment.lock.documents)
        for pin in await FROZEN_PAGE.run(size, advised.advised_releases, commitment.lock):
            by_project.setdefault(pin.project, []).append(pin)
        found = await each(by_project, lambda project: self._advice(by_project[project], advisories), _AT_ONCE)
        return [finding for each_of in found.values() for finding in each_of]

    async def _advice(self, pins: list[advised.AdvisedPin], advisories: advised.AdvisoryLookup) -> list[Finding]:
        """Return the findings about the releases of one project, and record which advisories are new."""
        now, record = self._clock.seconds(), advised_record(pins[0].project)
        before = await read_or_none(self._store, record, load_advised) or {}
        after, found = before, list[Finding]()
        for pin in pins:
            affecting = pin.affecting(advisories)
            after = advised.after_advice(after, pin.version, [one.id for one in affecting], now)
            found += advised.findings(pin, affecting, after, now)
        try:
            if after is not before:
                await self._store.replace(record, dump_advised(after))
            elif now - (await self._store.last_used(record) or now) > _DAY:
                await self._store.use(record)  # for sweeps
        except StoreTrouble as trouble:
            _log.warn("it is not stored which advisories were seen: {trouble}", trouble=trouble)
        return found


def _watched(commitment: Commitment, pages: Mapping[Project, Page]) -> list[WatchedRelease]:
    return [*watched_releases(commitment.lock, pages)]


def _size(pages: Mapping[Project, Page]) -> int:
    return sum(len(page.files) for page in pages.values())


def _usable(found: Mapping[str, KnownHistory], *, frozen: bool) -> dict[str, History]:
    """Return the histories that can be compared: all of them, if no page says which index has which file."""
    known = {index: one.history for index, one in found.items() if one.history is not None}
    return known if frozen or len(known) == len(found) else {}


def _unknown(looks: Mapping[Project, Mapping[str, KnownHistory]]) -> list[tuple[Project, str, str]]:
    """Return the projects of which something is not known, each with the index and the reason."""
    found = [(project, one.source, one.why) for project, each_of in looks.items() for one in each_of.values()]
    partial_ones = [
        (project, one.source, f"the index lists too many files of {version} to record all of them")
        for project, each_of in looks.items()
        for one in each_of.values()
        if one.history is not None
        for version, release in one.history.releases.items()
        if not release.whole
    ]
    return sorted({one for one in (*found, *partial_ones) if one[2]})


def _lacks_digests(releases: Iterable[WatchedRelease], known: Iterable[KnownHistory]) -> bool:
    """Return whether the lock has digests that no file has on the indexes that were asked."""
    wanted = frozenset[object]().union(*(release.sha256s for release in releases))
    listed = {
        digest
        for one in known
        if one.history is not None
        for release in one.history.releases.values()
        for file in release.files.values()
        for digest in file.facts.digests
    }
    return not wanted <= listed
