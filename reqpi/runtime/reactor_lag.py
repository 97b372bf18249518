"""How long the reactor was kept from its work: a server that answers nobody for a while looks like one that is down.

Two things keep it: a turn of its own that is too long, and a thread that holds the interpreter. A clock that ticks sees
both, as the time by which a tick comes late. On a machine that is busy with other things that says little: then CPU
time does, of the reactor's own thread for its turns, and of the whole process for what its threads hold up at most.
"""

from __future__ import annotations

import time

from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger

__all__ = ["ReactorLag"]

_LONG = 0.25
"""Seconds: a gap as long as this is worth a line in the log."""


class ReactorLag:
    """A clock that ticks, and how late.

    :param reactor: whose turns they are.
    :param seconds: from one tick to the next.

    :ivar longest: seconds by which a tick was late, at most.
    :ivar held: the same, as far as this process was computing meanwhile.
    :ivar busiest: seconds of CPU time that the reactor's thread used from one tick to the next, at most.
    """

    _log = Logger()

    def __init__(self, reactor: IReactorTime, seconds: float = 0.1) -> None:
        self.longest = 0.0
        self.held = 0.0
        self.busiest = 0.0
        self._reactor = reactor
        self._seconds = seconds
        self._call: IDelayedCall | None = None
        self._due = 0.0
        self._used = 0.0
        self._used_by_all = 0.0

    def start(self) -> None:
        """Tick from now on. It is called in the reactor's thread."""
        self._used, self._used_by_all = time.thread_time(), time.process_time()
        self._next()

    def stop(self) -> None:
        """Tick no more."""
        if self._call is not None:
            self._call.cancel()
            self._call = None

    def _next(self) -> None:
        self._due = time.monotonic() + self._seconds
        self._call = self._reactor.callLater(self._seconds, self._tick)

    def _tick(self) -> None:
        late = time.monotonic() - self._due
        used, used_by_all = time.thread_time(), time.process_time()
        self.longest = max(self.longest, late)
        self.held = max(self.held, min(late, used_by_all - self._used_by_all))
        self.busiest = max(self.busiest, used - self._used)
        if late > _LONG:
            self._log.warn("the reactor was late by {late:.3f} s", late=late)
        self._used, self._used_by_all = used, used_by_all
        self._next()
