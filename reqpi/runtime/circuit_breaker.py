"""A circuit breaker: after a failure calls are refused for a while, and then one call at a time is let through."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from threading import Lock

__all__ = ["CircuitBreaker", "CircuitOpen"]


class CircuitOpen(Exception):
    """The call is not to be made now.

    :ivar left: seconds until a call may be let through; infinite while a trial without a time limit is under way.
    """

    def __init__(self, left: float) -> None:
        super().__init__(left)
        self.left = left


class CircuitBreaker:
    """The circuit breaker of one thing that may stop answering. Threads may share one.

    It is closed until a call fails, and lets every call through. Then it is open for a pause. The first call after the
    pause is the trial: the breaker stays open for all others until the outcome of the trial is known.

    :param clock: returns seconds, and never goes back.
    :param pauses: seconds that the breaker is open after the first failure, the second, and so on; the last pause is
        repeated.
    :param trial: seconds after which a trial without an outcome is given up, so that another call becomes the trial.
    """

    def __init__(self, clock: Callable[[], float], pauses: Sequence[float], trial: float = math.inf) -> None:
        self._clock = clock
        self._pauses = pauses
        self._trial = trial
        self._lock = Lock()
        self._failures = 0
        self._paused_until = self._tried_until = -math.inf

    def enter(self) -> bool:
        """Let a call through.

        :returns: whether the call is the trial. Pass this on to :meth:`failed` or :meth:`answered`.
        :raises CircuitOpen: the breaker is open.
        """
        with self._lock:
            if not self._failures:
                return False
            now = self._clock()
            left = max(self._paused_until, self._tried_until) - now
            if left > 0:
                raise CircuitOpen(left)
            self._tried_until = now + self._trial
            return True

    def failed(self, *, trial: bool) -> None:
        """Open for the next pause. If another call is the trial, its outcome is still awaited.

        Calls that began together fail together: while a pause lasts, another failure does not lengthen it.
        """
        with self._lock:
            now = self._clock()
            if now >= self._paused_until:
                self._paused_until = now + self._pauses[min(self._failures, len(self._pauses) - 1)]
                self._failures += 1
            if trial:
                self._tried_until = -math.inf

    def answered(self, *, trial: bool) -> None:
        """Close, if the call was the trial. The answer to a call that began before a failure says nothing about now."""
        if trial:
            with self._lock:
                self._failures = 0
                self._tried_until = -math.inf
