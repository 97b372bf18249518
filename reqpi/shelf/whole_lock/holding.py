"""Holds: fetch everything that a lock admits into the store before a client needs it.

The progress of a hold is a record that the fetching process writes every few seconds. A record that is not written any
more belongs to a process that ended; a new request for the hold goes on from what the store has. A hold that waits for
its turn writes nothing: its record names the process, which records its presence for all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from typing import Any

from attrs import evolve
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import LoopingCall, deferLater
from twisted.logger import Logger

from reqpi.core.access.logins import EVERY_LOGIN, UsableLogins
from reqpi.core.denials import is_withheld
from reqpi.core.errors import LoginNotUsed, Occupied, ReqPIError, StoreFull, StoreTrouble, UpstreamTrouble
from reqpi.core.interfaces import Store
from reqpi.core.model import Commitment, File, Page, Project
from reqpi.core.report import Defect
from reqpi.core.targets import InstallTarget
from reqpi.runtime.counts import ServerCounts
from reqpi.runtime.fair_turns import FairTurns
from reqpi.runtime.on_behalf import requester
from reqpi.runtime.singleflight import each
from reqpi.runtime.troubles import log_trouble
from reqpi.shelf.lacking_pins import lines_of
from reqpi.shelf.presence import STALE, Presence
from reqpi.shelf.record_reading import read_record
from reqpi.shelf.records import holding_prefix, holding_record
from reqpi.shelf.shelf import Shelf
from reqpi.shelf.whole_lock.further_files import FurtherFiles
from reqpi.shelf.whole_lock.hold_count import held_sizes
from reqpi.shelf.whole_lock.hold_publishers import published_by
from reqpi.shelf.whole_lock.hold_record import HoldProgress, RecordedHold
from reqpi.shelf.whole_lock.hold_room import HoldRoom, HoldTooLarge
from reqpi.shelf.whole_lock.hold_verdict import HeldThing, HoldVerdict, verdict_of

__all__ = ["Holds", "recorded_holds"]

_HOLDS = 4
"""Holds that one process works on concurrently; others wait."""

_EACH = 3
"""Those of one client, at most: a hold may take hours."""

_WAITING_EACH = 1000
"""Holds of one client that may wait in one process."""

_WAITING = 10_000
"""Holds of all clients that may wait in one process: about 1 KB of memory each."""

_AT_ONCE = 8
"""Projects, and then files, that one hold fetches concurrently."""

_BEAT = 2.0
"""Seconds between two records of the progress of a hold."""

_PAUSES = (0.0, 1.0, 2.0, 4.0, 8.0)
"""Seconds before each round; files that failed permanently are not in the next round."""

_SHOWN = 1000
"""Failures, and lines of the lock, that a record lists."""


class Holds:
    """The holds of this process.

    :param clock: measures waiting, and gives the time of day.
    :param further: files that are held with those of the projects.
    :param largest: the bytes of one hold, at most; ``None``: any number.
    :param counts: receives each hold that is refused.
    """

    _log = Logger()

    def __init__(
        self,
        shelf: Shelf,
        store: Store,
        clock: IReactorTime,
        further: FurtherFiles | None = None,
        *,
        largest: int | None = None,
        counts: ServerCounts | None = None,
    ) -> None:
        self._shelf = shelf
        self._further = further
        self._store = store
        self._clock = clock
        self._largest = largest
        self._counts = counts or ServerCounts()
        self._turns = FairTurns(_HOLDS, each=_EACH)
        self._presence = Presence(store, clock)
        self._under_way: dict[str, _Hold] = {}

    @property
    def under_way(self) -> int:
        """The number of holds that this process works on, or that wait for their turn."""
        return len(self._under_way)

    async def begin(self, commitment: Commitment, target: InstallTarget, logins: UsableLogins = EVERY_LOGIN) -> None:
        """Begin to hold the files of a lock that ``target`` admits, unless some process is doing so already.

        Clients take turns. If this process is doing so for another client, the logins of both are used from then on.

        :param logins: those that may be used for files that are on no page.
        :raises reqpi.core.errors.Occupied: too many holds are waiting.
        """
        record = holding_record(commitment.address, target)
        if record not in self._under_way and await self._elsewhere(record) is not None:
            return
        before = self._under_way.get(record)
        if before is None or not before.also_use(logins):
            self._check_waiting()
            room = HoldRoom(self._store, self._largest)
            hold = _Hold(commitment, target, self._shelf, self._clock, self._further, room=room, logins=logins)
            self._under_way[record] = hold
            Deferred.fromCoroutine(self._run(record, hold)).addErrback(self._failed, record)

    async def progress(self, commitment: Commitment, target: InstallTarget) -> HoldProgress | None:
        """Return the progress of a hold; ``None`` if no process is working on it."""
        record = holding_record(commitment.address, target)
        hold = self._under_way.get(record)
        return hold.progress() if hold is not None else await self._elsewhere(record)

    async def verdict(self, commitment: Commitment, target: InstallTarget) -> HoldVerdict:
        """Return which files of a lock are in the store now and which are missing, without asking an upstream."""
        pages = await self._shelf.frozen(commitment, commitment.lock.projects)
        withheld = await self._shelf.withheld(commitment, pages) if is_withheld(pages.values()) else []
        pages = {project: page for project, page in pages.items() if page.files}
        sizes, further = await held_sizes(self._shelf, self._further, commitment, pages, target)
        files = [file for page in pages.values() for file in page.files if file in sizes]
        reasons, defects = await self._reasons(holding_record(commitment.address, target))
        denied: dict[HeldThing, str] = {(file.project, None): f"denied: {why.because}" for file, why in withheld}
        remarks = (*(f"{file.filename} is denied: {denial.because}" for file, denial in withheld), *further)
        verdict = verdict_of(commitment, pages, sizes, target, reasons=reasons | denied, defects=defects)
        differing = await self._shelf.differing_metadata(files)
        names = tuple(file.filename for file in differing[:_SHOWN])
        published, doubts = await published_by(self._shelf, commitment, files[:_SHOWN])
        remarks += doubts
        return evolve(verdict, differing_metadata=names, publishers=published, remarks=remarks[:_SHOWN])

    def stop(self) -> None:
        """Start no further fetches. Files in the store stay, and a later hold goes on from there."""
        for hold in self._under_way.values():
            hold.stopped = True
        self._presence.hide()

    def _check_waiting(self) -> None:
        own = self._turns.waiting(requester())
        if own >= _WAITING_EACH or self._turns.all_waiting >= _WAITING:
            self._counts.refused("holds")
        if own >= _WAITING_EACH:
            raise Occupied(f"{_WAITING_EACH} holds of this client are waiting", "Try again when some have ended.")
        if self._turns.all_waiting >= _WAITING:
            raise Occupied(f"{_WAITING} holds are waiting", "Try again later.")

    async def _run(self, record: str, hold: _Hold) -> None:
        try:
            self._presence.show()
            await self._note(record, hold, self._clock.seconds(), waits=True)
            await self._turns.run(requester(), partial(self._work, record, hold))
        finally:
            if hold.is_too_large:
                self._counts.refused("hold-bytes")
            await self._note(record, hold, None)
            if self._under_way.get(record) is hold:
                del self._under_way[record]
            if not self._turns.is_crowded:
                self._presence.hide()

    async def _work(self, record: str, hold: _Hold) -> None:
        beat = LoopingCall(lambda: Deferred.fromCoroutine(self._note(record, hold, self._clock.seconds())))
        beat.clock = self._clock
        beating = beat.start(_BEAT)
        try:
            await hold.run()
        finally:
            if beat.running:
                beat.stop()
            await beating

    def _failed(self, failure: Any, record: str) -> None:
        log_trouble(self._log, f"the hold {record} failed", failure)

    async def _note(self, record: str, hold: _Hold, at: float | None, *, waits: bool = False) -> None:
        """Record the progress of a hold.

        :param at: the time, in seconds since the epoch; ``None`` if the work on it has ended.
        :param waits: it waits for its turn.
        """
        waits_in = self._presence.name if waits else None
        noted = RecordedHold(at, hold.progress(), hold.failures(), hold.defects(), waits_in)
        with suppress(StoreTrouble):  # the only consequence: others see the hold as not in progress
            await self._store.replace(record, noted.dump())

    async def _elsewhere(self, record: str) -> HoldProgress | None:
        """Return the progress of a hold by another process."""
        noted = await self._recorded(record)
        present = await _is_under_way(noted, self._presence, self._clock.seconds())
        return noted.progress if noted is not None and present else None

    async def _reasons(self, record: str) -> tuple[dict[HeldThing, str], tuple[Defect, ...]]:
        """Return why the latest hold could not obtain the missing files, and the lines of the lock that are why."""
        noted = await self._recorded(record)
        if noted is None:
            return {}, ()
        return {(project, filename): reason for project, filename, reason in noted.failures}, noted.defects

    async def _recorded(self, record: str) -> RecordedHold | None:
        written = await self._store.get(record)
        return None if written is None else read_record(record, written, RecordedHold.load)


async def recorded_holds(store: Store, clock: IReactorTime) -> int:
    """Return the number of holds that some process is working on, as far as a store says."""
    presence, under_way = Presence(store, clock), 0
    async for record in store.names(holding_prefix()):
        written = await store.get(record)
        noted = None if written is None else read_record(record, written, RecordedHold.load)
        under_way += await _is_under_way(noted, presence, clock.seconds())
    return under_way


async def _is_under_way(noted: RecordedHold | None, presence: Presence, now: float) -> bool:
    """Return whether some process is working on a hold, or has it wait for its turn."""
    if noted is None or noted.at is None:
        return False
    # The time is from another machine's clock, which may be ahead.
    present = abs(now - noted.at) <= STALE
    return present or (noted.waits_in is not None and await presence.is_present(noted.waits_in))


class _Hold:
    """The work on one hold."""

    def __init__(
        self,
        commitment: Commitment,
        target: InstallTarget,
        shelf: Shelf,
        clock: IReactorTime,
        further: FurtherFiles | None,
        *,
        room: HoldRoom,
        logins: UsableLogins,
    ) -> None:
        self.stopped = False
        self._logins = logins
        self._again = False
        self._has_ended = False
        self._room = room
        # The lock itself is not referenced: any number of holds may wait for their turn.
        self._address = commitment.address
        self._projects = len(commitment.lock.projects)
        self._target = target
        self._shelf = shelf
        self._clock = clock
        self._further = further
        self._pages: dict[Project, Page] = {}
        self._more: dict[HeldThing, File] = {}
        self._files: dict[HeldThing, File] = {}
        self._held: dict[HeldThing, int] = {}
        self._failures: dict[HeldThing, ReqPIError] = {}

    async def run(self) -> None:
        """Fetch missing files, in rounds, until none is missing or the rest failed permanently or in every round."""
        try:
            await self._run()
        finally:
            self._has_ended = True

    async def _run(self) -> None:
        if self.stopped:
            return
        commitment = await self._shelf.commitment(self._address)
        for pause in _PAUSES:
            projects = [name for name in commitment.lock.projects if self._open((name, None), self._pages, name)]
            await self._wait(pause if self._failures else 0.0)
            await each(projects, partial(self._page, commitment), _AT_ONCE)
            self._room.announce(self._files.values())
            things = [thing for thing in self._files if self._open(thing, self._held, thing)]
            await each(things, partial(self._file, commitment), _AT_ONCE)
            if self._further is not None and not self.stopped:
                await self._hold_further(commitment, self._further)
            again, self._again = self._again, False
            if self.stopped or not (again or any(_passes(error) for error in self._failures.values())):
                return

    def also_use(self, logins: UsableLogins) -> bool:
        """Use further logins, and try again what failed; return whether it is not too late for that."""
        more = self._logins | logins
        if self._has_ended or more == self._logins:
            return not self._has_ended
        self._logins, self._again = more, True
        self._failures.clear()
        return True

    def progress(self) -> HoldProgress:
        """Return the current progress."""
        coming = sum(self._shelf.coming(file) for thing, file in self._files.items() if thing not in self._held)
        files = self._files | self._more
        return HoldProgress(
            projects=self._projects,
            frozen=len(self._pages),
            files=len(files),
            size=sum(self._held.get(thing) or file.size or 0 for thing, file in files.items()),
            held=len(self._held),
            held_size=sum(self._held.values()) + coming,
        )

    @property
    def is_too_large(self) -> bool:
        """Whether it was not allowed to take all that it needs."""
        return any(isinstance(error, HoldTooLarge) for error in self._failures.values())

    def failures(self) -> tuple[tuple[Project, str | None, str], ...]:
        """Return the projects and files that could not be obtained, each with the reason."""
        failures = list(self._failures.items())[:_SHOWN]
        return tuple((project, filename, str(error)) for (project, filename), error in failures)

    def defects(self) -> tuple[Defect, ...]:
        """Return the lines of the lock that cannot be completed."""
        return lines_of(error for error in self._failures.values() if isinstance(error, UpstreamTrouble))[:_SHOWN]

    def _open(self, thing: HeldThing, done: Mapping[Any, object], key: object) -> bool:
        """Return whether a project or file is to be tried in this round."""
        return key not in done and (thing not in self._failures or _passes(self._failures[thing]))

    async def _page(self, commitment: Commitment, project: Project) -> None:
        if self.stopped:
            return
        page = await self._tried((project, None), partial(self._shelf.page, commitment, project))
        if page is not None:
            self._pages[project] = page
            self._files |= {(project, file.filename): file for file in page.files if self._target.takes(file)}

    async def _file(self, commitment: Commitment, thing: HeldThing) -> None:
        if self.stopped:
            return
        project, filename = thing
        work = partial(self._shelf.hold, commitment, project, str(filename))
        size = await self._tried(thing, partial(self._room.run, self._files[thing], work))
        if size is not None:
            self._held[thing] = size

    async def _hold_further(self, commitment: Commitment, further: FurtherFiles) -> None:
        """Fetch the further files that are needed, as far as the files in the store tell."""
        needs = await further.needed(commitment, self._pages, self._target)
        self._more = {(file.project, file.filename): file for file in needs.files}

        async def hold(thing: HeldThing) -> None:
            if not self.stopped:
                work = partial(further.hold, commitment, self._more[thing], self._logins)
                size = await self._tried(thing, partial(self._room.run, self._more[thing], work))
                if size is not None:
                    self._held[thing] = size

        await each([thing for thing in self._more if self._open(thing, self._held, thing)], hold, _AT_ONCE)

    async def _tried(self, thing: HeldThing, work: Callable[[], Any]) -> Any:
        """Return the result of ``work``; if it fails, record the failure and return ``None``."""
        try:
            result = await work()
        except ReqPIError as error:
            self._failures[thing] = error
            return None
        self._failures.pop(thing, None)
        return result

    async def _wait(self, seconds: float) -> None:
        if seconds:
            await deferLater(self._clock, seconds)


def _passes(error: ReqPIError) -> bool:
    """Return whether an error may resolve by itself."""
    if isinstance(error, UpstreamTrouble):
        return not (error.final or isinstance(error, LoginNotUsed))
    return isinstance(error, StoreTrouble) and not isinstance(error, StoreFull)
