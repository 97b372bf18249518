"""Regular sweeps of a store that several servers may share: one of them sweeps, once in a while."""

from __future__ import annotations

from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from reqpi.core.interfaces import Store
from reqpi.runtime.counts import ServerCounts
from reqpi.shelf.maintenance.sweep import Sweep, Swept
from reqpi.shelf.records import time_record

__all__ = ["RegularSweeps"]

_RECORD = time_record("sweep")

_LOOKS = 3600.0
"""Seconds between two looks whether a sweep is due, at most: a server may not run for as long as from one to the next.
"""


class RegularSweeps:
    """The regular sweeps of this process and of the others that share the store.

    The store has the time of the last sweep. The process that finds that it was long ago writes the present time, and
    sweeps. Two that do so in the same instant both sweep, which is slower and otherwise harmless.

    :param frequency: seconds between two sweeps.
    :param max_age: seconds without use after which a lock is removed.
    :param counts: notes when a sweep succeeded.
    """

    _log = Logger()

    def __init__(
        self,
        store: Store,
        clock: IReactorTime,
        frequency: float,
        max_age: float,
        *,
        counts: ServerCounts | None = None,
    ) -> None:
        self._store = store
        self._clock = clock
        self._frequency = frequency
        self._sweep = Sweep(store, clock, max_age, counts=counts)
        self._has_failed = False
        self.interval = min(frequency, _LOOKS)

    async def tend(self) -> Swept | None:
        """Sweep if that is due, or if the last sweep failed here; this is called every :attr:`interval` seconds.

        In a store that was never swept, the first sweep is due later, as after another one: an operator who did not
        expect it has time to turn it off.
        """
        last = await self._store.last_used(_RECORD)
        if last is None:
            await self._store.create(_RECORD, b"{}")
            return None
        # The time may be from the clock of another machine, which may be ahead. A timer may be early by a little.
        if abs(self._clock.seconds() - last) < self._frequency - 1.0 and not self._has_failed:
            return None
        self._has_failed = True
        await self._store.use(_RECORD)
        swept = await self._sweep.run()
        self._has_failed = False
        return swept
