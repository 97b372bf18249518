"""The presence of a process: one record, which the others look at before they believe what it announced.

However many things a process has announced, it writes one record every few seconds. If it ends, the others notice.
"""

from __future__ import annotations

import uuid
from contextlib import suppress

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import LoopingCall

from reqpi.core.errors import StoreTrouble
from reqpi.core.interfaces import Records
from reqpi.shelf.records import time_record

__all__ = ["STALE", "Presence"]

_BEAT = 5.0
"""Seconds between two records that this process is present."""

STALE = 20.0
"""Seconds without such a record after which a process is considered to have ended."""


class Presence:
    """The presence of this process, and a look at that of others.

    :ivar name: of this process; no other has it.
    """

    def __init__(self, records: Records, clock: IReactorTime) -> None:
        self.name = uuid.uuid4().hex
        self._records = records
        self._clock = clock
        self._beat = LoopingCall(lambda: Deferred.fromCoroutine(self._show()))
        self._beat.clock = clock

    def show(self) -> None:
        """Be present from now on."""
        if not self._beat.running:
            self._beat.start(_BEAT)

    def hide(self) -> None:
        """Write no more records."""
        if self._beat.running:
            self._beat.stop()

    async def is_present(self, name: str) -> bool:
        """Return whether a process is present."""
        seen = await self._records.last_used(time_record(name))
        # The time may be from the clock of another machine, which may be ahead.
        return seen is not None and abs(self._clock.seconds() - seen) <= STALE

    async def _show(self) -> None:
        with suppress(StoreTrouble):  # the only consequence: others see this process as one that has ended
            if not await self._records.use(time_record(self.name)):
                await self._records.create(time_record(self.name), b"{}")
