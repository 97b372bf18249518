"""The services for locks, put together over one shelf."""

from __future__ import annotations

from attrs import frozen
from twisted.internet.interfaces import IReactorTime

from reqpi.core.interfaces import Store
from reqpi.runtime.counts import ServerCounts
from reqpi.shelf.recorded_commits import RecordedCommits
from reqpi.shelf.shelf import Shelf
from reqpi.shelf.whole_lock.build_requirements import BuildRequirementsOfLocks
from reqpi.shelf.whole_lock.closed import ClosedLocks
from reqpi.shelf.whole_lock.covered_targets import CoveredTargets
from reqpi.shelf.whole_lock.dependency_graphs import DependencyGraphs
from reqpi.shelf.whole_lock.early_files import EarlyFiles
from reqpi.shelf.whole_lock.further_files import FurtherFiles
from reqpi.shelf.whole_lock.holding import Holds
from reqpi.shelf.whole_lock.sboms import Sboms
from reqpi.shelf.whole_lock.variants import VariantsOfReleases
from reqpi.shelf.whole_lock.wheelhouses import Wheelhouses

__all__ = ["LockServices"]


@frozen
class LockServices:
    """The services for locks: single pages and files, and everything that works on a whole lock.

    Each resource of the web gets those of them that it needs.
    """

    shelf: Shelf
    holds: Holds
    wheelhouses: Wheelhouses
    sboms: Sboms
    build_requirements: BuildRequirementsOfLocks
    closed: ClosedLocks
    variants: VariantsOfReleases
    graphs: DependencyGraphs
    commits: RecordedCommits
    covered: CoveredTargets
    early: EarlyFiles
    further: FurtherFiles | None = None

    @classmethod
    def over(
        cls,
        shelf: Shelf,
        store: Store,
        clock: IReactorTime,
        further: FurtherFiles | None = None,
        *,
        largest_hold: int | None = None,
        counts: ServerCounts | None = None,
    ) -> LockServices:
        """Return the services over a shelf.

        :param store: the store of the shelf: the services keep records of their own in it.
        :param further: files that are held with those of the projects.
        :param largest_hold: the bytes of one hold, at most; ``None``: any number.
        :param counts: receives each hold that is refused.
        """
        holds = Holds(shelf, store, clock, further, largest=largest_hold, counts=counts)
        building = BuildRequirementsOfLocks(shelf, store, clock)
        return cls(
            shelf,
            holds,
            Wheelhouses(shelf, holds),
            Sboms(shelf, store, clock),
            building,
            ClosedLocks(shelf, store, building, clock),
            VariantsOfReleases(shelf, clock),
            DependencyGraphs(shelf),
            RecordedCommits(store, clock),
            CoveredTargets(shelf),
            EarlyFiles(shelf, clock),
            further,
        )
