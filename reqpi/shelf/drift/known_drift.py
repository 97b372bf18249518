"""The drift of locks as it is known already, for the pages that show it: no upstream is asked."""

from __future__ import annotations

from functools import partial

from attrs import frozen

from reqpi.core.drift.report import DriftReport
from reqpi.core.model import Commitment
from reqpi.runtime.derived_cache import DerivedCache
from reqpi.runtime.singleflight import SingleFlight
from reqpi.shelf.drift.lock_drift import LockDrift
from reqpi.shelf.shelf import Shelf

__all__ = ["KnownDrift"]

_FRESH = 60.0
"""Seconds after which the histories are read again: another process may have looked at an index."""

_MOST = 1000
"""Projects of a lock whose histories are read for a page."""

_KEPT, _WEIGHT = 8 << 20, 500
"""Bytes of reports that are kept in memory, and those of a finding or project: estimates."""


@frozen
class _MadeReport:
    """A report.

    :param at: when it was made, in seconds since the epoch.
    :param basis: see :meth:`reqpi.shelf.drift.lock_drift.LockDrift.basis`.
    """

    at: float
    basis: object
    report: DriftReport


class KnownDrift:
    """The reports that were made last."""

    def __init__(self, shelf: Shelf, drift: LockDrift) -> None:
        self._shelf = shelf
        self._drift = drift
        self._reports: DerivedCache[_MadeReport] = DerivedCache(_KEPT)
        self._under_way: SingleFlight[DriftReport] = SingleFlight()

    async def of(self, commitment: Commitment) -> DriftReport | None:
        """Return what is known about a lock; ``None`` if the lock is too long to be looked at for a page.

        What this process learns counts at once, and what others learn within a minute.
        """
        projects = commitment.lock.projects
        if len(projects) > _MOST:
            return None
        kept = self._reports.get(commitment, commitment.address)
        frozen_now = await self._shelf.frozen(commitment, projects)
        if kept is not None and kept.report.frozen == frozen_now.keys() and self._counts(kept):
            return kept.report
        return await self._under_way.do(id(commitment), partial(self._made, commitment))

    def _counts(self, kept: _MadeReport) -> bool:
        return kept.basis == self._drift.basis and abs(self._drift.now - kept.at) < _FRESH

    async def _made(self, commitment: Commitment) -> DriftReport:
        kept = _MadeReport(self._drift.now, self._drift.basis, await self._drift.of(commitment, lambda _: False))
        weight = _WEIGHT * (1 + len(kept.report.findings) + len(kept.report.unknown) + len(kept.report.frozen))
        self._reports.put(commitment, commitment.address, kept, weight)
        return kept.report
