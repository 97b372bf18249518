"""How late the reactor runs a timer. A server that answers no one for a while looks like one that is down.

Two causes delay it: an iteration of the reactor that takes too long, and a thread that holds the interpreter. A
periodic timer shows both, as the time by which it fires late. On a machine that is busy with other things, that says
little. CPU time is then more reliable: that of the reactor's thread for its own iterations, and that of the whole
process as an upper bound for the delay that its threads cause.
"""

from __future__ import annotations

import time

from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger

from reqpi.runtime.counts import Histogram

__all__ = ["ReactorLag"]

_LONG = 0.25
"""Seconds: a lag longer than this is logged."""


class ReactorLag:
    """A periodic timer that records how late it fires.

    :param reactor: the reactor to measure.
    :param seconds: from one tick to the next.
    :param lags: counts by how many seconds each tick was late.

    :ivar longest: the most seconds by which a tick was late.
    :ivar held: the same, counting only as much as this process used CPU time meanwhile.
    :ivar busiest: the most seconds of CPU time that the reactor's thread used from one tick to the next.
    """

    _log = Logger()

    def __init__(self, reactor: IReactorTime, seconds: float = 0.1, lags: Histogram | None = None) -> None:
        self._lags = lags or Histogram()
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
        """Start the timer. Call it in the reactor's thread."""
        self._used, self._used_by_all = time.thread_time(), time.process_time()
        self._next()

    def stop(self) -> None:
        """Stop the timer. Repeating does nothing."""
        if self._call is not None:
            self._call.cancel()
            self._call = None

    def _next(self) -> None:
        self._due = time.monotonic() + self._seconds
        self._call = self._reactor.callLater(self._seconds, self._tick)

    def _tick(self) -> None:
        late = time.monotonic() - self._due
        used, used_by_all = time.thread_time(), time.process_time()
        self._lags.observe(late)
        self.longest = max(self.longest, late)
        held = min(late, used_by_all - self._used_by_all)
        self.held = max(self.held, held)
        self.busiest = max(self.busiest, used - self._used)
        if late > _LONG:
            self._log.warn(
                "the reactor was late by {late:.3f} s: this process computed for {held:.3f} s, and waited for the "
                "machine otherwise",
                late=late,
                held=held,
            )
        self._used, self._used_by_all = used, used_by_all
        self._next()
