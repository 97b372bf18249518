"""The state of a server's store, for its operator: whether it can be written, and how much it has."""

from __future__ import annotations

import math
import shutil
from pathlib import Path
from typing import Any

from attrs import frozen
from twisted.internet.defer import Deferred, TimeoutError

from reqpi.core.errors import ReqPIError
from reqpi.core.interfaces import Store
from reqpi.runtime.offload import in_thread
from reqpi.runtime.singleflight import SingleFlight

__all__ = ["StoreFigures", "StoreWatch"]

_HANGS = 30.0
"""Seconds after which a store that does not answer counts as one that cannot be written."""

_FRESH = 600.0
"""Seconds for which the size of the store is not measured again: each file of it is looked at."""

_PATIENCE = 10.0
"""Seconds that a request waits for the size."""


@frozen
class StoreFigures:
    """The size of a store.

    :param files: how many blobs it has.
    :param size: the bytes of everything in it.
    :param free: bytes that are free where it is; ``None`` if it is not a directory.
    :param measured_at: in seconds since the epoch.
    """

    files: int
    size: int
    free: int | None
    measured_at: float


class StoreWatch:
    """Looks at the store of a server again and again, in threads, so that no caller waits for it.

    :param store: an open one, once the first method is called.
    :param place: its directory; ``None`` for an object store.
    :param clock: the time of day.
    :param written: whether the server writes to it. Otherwise it counts as usable once it is open.

    :ivar figures: the latest size; ``None`` if it was not measured yet.
    """

    def __init__(self, store: Store, place: Path | None, clock: Any, *, written: bool = True) -> None:
        self.figures: StoreFigures | None = None
        self._store = store
        self._place = place
        self._clock = clock
        self._written = written
        self._is_open = False
        self._problem = ""
        self._probing_since = math.inf
        self._measuring: SingleFlight[StoreFigures] = SingleFlight()

    def opened(self) -> None:
        """Note that the store is open."""
        self._is_open = True

    @property
    def problem(self) -> str:
        """Why the store cannot be used, in a few words without a path; empty if it can."""
        if not self._is_open:
            return "the store is not open"
        if self._clock.seconds() - self._probing_since > _HANGS:
            return "the store does not answer"
        return self._problem

    async def probe(self) -> None:
        """Write a byte to where new files grow, and discard it."""
        if not self._written:
            return
        self._probing_since = self._clock.seconds()
        try:
            incoming = await self._store.begin()
            try:
                await incoming.write(b"\0")
            finally:
                await incoming.discard()
        except ReqPIError:
            self._problem = "the store cannot be written"
        else:
            self._problem = ""
        finally:
            self._probing_since = math.inf

    async def measure(self) -> StoreFigures:
        """Measure the size, and return it."""
        return await self._measuring.do(None, self._measure)

    async def current(self) -> StoreFigures | None:
        """Return the size, measured a short time ago; ``None`` if it takes long."""
        known = self.figures
        if known is not None and self._clock.seconds() - known.measured_at < _FRESH:
            return known
        measured: Deferred[StoreFigures] = Deferred.fromCoroutine(self.measure())
        try:
            return await measured.addTimeout(_PATIENCE, self._clock)
        except (TimeoutError, ReqPIError):
            return known

    async def _measure(self) -> StoreFigures:
        files = size = 0
        async for _ in self._store.all():
            files += 1
        async for each in self._store.occupied():
            size += each
        free = None if self._place is None else (await in_thread(shutil.disk_usage, self._place)).free
        self.figures = StoreFigures(files, size, free, self._clock.seconds())
        return self.figures
