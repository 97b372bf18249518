"""Rounds: look for drift in all locks that were used lately, once in a while, by one of the servers of a store."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping

from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater
from twisted.logger import Logger

from reqpi.core.drift.drift_round import DriftRound, load_round
from reqpi.core.drift.finding import KINDS, Finding
from reqpi.core.drift.report import DriftReport
from reqpi.core.errors import ReqPIError
from reqpi.core.interfaces import Records
from reqpi.core.model import Commitment
from reqpi.runtime.counts import ServerCounts
from reqpi.shelf.drift.histories import FRESH
from reqpi.shelf.drift.lock_drift import LockDrift
from reqpi.shelf.record_reading import read_or_none
from reqpi.shelf.records import drift_round_record, lock_record
from reqpi.shelf.shelf import Shelf

__all__ = ["DriftRounds"]

_LATELY = 30 * 86400.0
"""Seconds since the last use of a lock that is looked at."""

_LOOKS = 60.0
"""Seconds between two looks at what the latest round found, at most: another server may have been the one."""


class DriftRounds:
    """The rounds of this process and of the others that share the store.

    The time of the record is that of the latest round. The process that finds that it was long ago writes the present
    time, and looks; the others read what it has found. Two that do so in the same instant both look, which is slower
    and otherwise harmless.

    :param every: seconds between two rounds.
    :param counts: receives the outcome.
    :ivar looked: called with each lock and what was found, for whatever has to follow.
    """

    _log = Logger()

    def __init__(
        self,
        shelf: Shelf,
        records: Records,
        drift: LockDrift,
        clock: IReactorTime,
        every: float,
        *,
        counts: ServerCounts | None = None,
    ) -> None:
        self.looked: list[Callable[[Commitment, DriftReport], None]] = []
        self.interval = min(every, _LOOKS)
        self._shelf = shelf
        self._records = records
        self._drift = drift
        self._clock = clock
        self._every = every
        self._counts = counts or ServerCounts()

    async def tend(self) -> DriftRound | None:
        """Look if that is due, and show what the latest round found; call this every :attr:`interval` seconds."""
        if await self._is_due():
            found = await self._round()
            await self._records.replace(drift_round_record(), found.dump())
            self._show(found)
            return found
        latest = await read_or_none(self._records, drift_round_record(), load_round)
        if latest is not None:
            self._show(latest)
        return None

    async def _is_due(self) -> bool:
        """Return whether it is this process that has to look now."""
        record = drift_round_record()
        last = await self._records.last_used(record)
        if last is None:
            mine = DriftRound(None, by=uuid.uuid4().hex).dump()
            return await self._records.create(record, mine) == mine
        # The time may be from the clock of another machine, which may be ahead. A timer may be early by a little.
        if abs(self._clock.seconds() - last) < self._every - 1.0:
            return False
        return await self._records.use(record)

    async def _round(self) -> DriftRound:
        locks, drifted = 0, Counter[tuple[str, bool]]()
        for address in sorted([name async for name in self._used_lately()]):
            await deferLater(self._clock, 0)
            try:
                commitment = await self._shelf.commitment(address, use=False)
                report = await self._drift.of(commitment, fresh=min(FRESH, self._every / 2))
            except ReqPIError as error:
                self._log.warn("the drift of lock {short} is not known: {error}", short=address[:8], error=error)
                continue
            locks += 1
            drifted.update(_kinds(report.findings))
            for told in self.looked:
                told(commitment, report)
        self._log.info("looked for drift in {locks} locks: {drifted}", locks=locks, drifted=_in_words(drifted))
        return DriftRound(self._clock.seconds(), locks, dict(drifted))

    async def _used_lately(self) -> AsyncGenerator[str, None]:
        """Yield the addresses that were used lately."""
        prefix, now = lock_record(""), self._clock.seconds()
        async for name in self._records.names(prefix):
            used = await self._records.last_used(name)
            if used is not None and now - used < _LATELY:
                yield name.removeprefix(prefix)

    def _show(self, found: DriftRound) -> None:
        self._counts.drifted = found.drifted
        self._counts.drift_at = found.ended


def _kinds(found: Iterable[Finding]) -> set[tuple[str, bool]]:
    """Return the kinds of findings of one lock, each with whether it is new."""
    return {(finding.kind, finding.new) for finding in found}


def _in_words(drifted: Mapping[tuple[str, bool], int]) -> str:
    numbers = [f"{kind} in {sum(drifted.get((kind, new), 0) for new in (True, False))}" for kind in KINDS]
    return ", ".join(text for text in numbers if not text.endswith(" 0")) or "nothing"
