"""The indexes' word on the pins of a lock that is being committed, as far as it comes in time."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from functools import partial

from attrs import evolve, frozen
from twisted.internet.interfaces import IReactorTime

from reqpi.core import admission
from reqpi.core.errors import NothingUpstream, Pending, UpstreamTrouble
from reqpi.core.interfaces import Upstream
from reqpi.core.model import File, Lock, Pin, Project
from reqpi.core.policy.facts import Fact, Release, facts_of_file, gone
from reqpi.runtime.fair_turns import FairTurns
from reqpi.runtime.offload import DECIDED_FILES
from reqpi.runtime.on_behalf import requester
from reqpi.runtime.singleflight import PATIENCE, SingleFlight, each, within
from reqpi.shelf.listings import PinListings

__all__ = ["IndexAnswers", "ListedReleases"]

_MOST = 500
"""Projects of a lock that indexes are asked about."""

_AT_ONCE = 16


@frozen
class IndexAnswers:
    """The answers of indexes about the pins of a lock.

    :param known: the projects that they have said something about.
    :param unknown: those about which they have not, or not in time.
    """

    facts: tuple[Fact, ...] = ()
    known: frozenset[Project] = frozenset()
    unknown: tuple[Project, ...] = ()


class ListedReleases:
    """Indexes, asked about the pins of locks.

    :param upstream: ``None``: no index is asked.
    """

    def __init__(self, upstream: Upstream | None, clock: IReactorTime) -> None:
        self._listings = None if upstream is None else PinListings(upstream)
        self._clock = clock
        self._asking = FairTurns(_AT_ONCE)

    async def of(self, lock: Lock, projects: Collection[Project]) -> IndexAnswers:
        """Return what indexes say about some projects of a lock. Those that are late are asked on, for their pages."""
        listings = self._listings
        if listings is None or not projects:
            return IndexAnswers()
        found: dict[Project, list[Fact]] = {}

        async def look(project: Project) -> None:
            try:
                found[project] = _facts(await self._listed(listings, lock, project))
            except NothingUpstream as nothing:
                found[project] = [gone(release, nothing.title) for release in _releases(lock.projects[project])]
            except UpstreamTrouble:
                return  # it is unknown

        asked = sorted(projects)[:_MOST]
        flight: SingleFlight[object] = SingleFlight()
        with suppress(Pending):
            await within(PATIENCE, self._clock, flight.do("", lambda: each(asked, look, _AT_ONCE)), "the pages are")
        known = frozenset(found)
        facts = tuple(fact for project in sorted(known) for fact in found[project])
        return IndexAnswers(facts, known, tuple(sorted(frozenset(projects) - known)))

    async def _listed(self, listings: PinListings, lock: Lock, project: Project) -> Mapping[Pin, Sequence[File]]:
        """Return the files that indexes list now for each pin, and that the lock admits if their claims are right."""
        found: dict[Pin, Sequence[File]] = {}
        work = partial(listings.of, project, lock.projects[project])
        for listing in await self._asking.run(requester(), work):
            for pin in listing.pins:
                own = evolve(lock, pins=(pin,))
                found[pin] = await DECIDED_FILES.run(len(listing.files), _possible, own, listing.files)
        return found


def _possible(lock: Lock, files: Iterable[File]) -> list[File]:
    return [file for file in files if admission.admits(lock, file) or admission.undecided(lock, file)]


def _facts(listed: Mapping[Pin, Sequence[File]]) -> list[Fact]:
    facts = [fact for files in listed.values() for file in files for fact in facts_of_file(file)]
    without = [pin for pin, files in listed.items() if not files]
    return facts + [gone(release, "no index lists a file of it that the lock admits") for release in _releases(without)]


def _releases(pins: Collection[Pin] | Sequence[Pin]) -> list[Release]:
    return [Release(str(pin.project), pin.version) for pin in pins if pin.source is None]
