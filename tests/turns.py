"""How much Python the reactor's thread runs in one iteration, counted and not timed.

A count is the same on every machine, however busy it is and whatever else measures. ``benchmarks/bench_gaps.py`` has
the seconds.
"""

from __future__ import annotations

import sys
from types import FrameType
from typing import Any

from twisted.internet.base import ReactorBase

__all__ = ["Turns"]

_ITERATION = ReactorBase.runUntilCurrent.__code__


class Turns:
    """Count function calls in the reactor's thread, in each of its iterations.

    Functions in C count too; only what they do inside does not.

    :ivar longest: the most calls in one iteration.
    :ivar count: the iterations.
    """

    def __init__(self) -> None:
        self.longest = self.count = 0
        self._calls = 0

    def start(self) -> None:
        """Begin, in the reactor's thread."""
        sys.setprofile(self._count)

    def stop(self) -> None:
        """End, in the reactor's thread."""
        sys.setprofile(None)
        self._ended()

    def _count(self, frame: FrameType, event: str, argument: Any) -> None:
        if event == "call" and frame.f_code is _ITERATION:
            self._ended()
        elif event in ("call", "c_call"):
            self._calls += 1

    def _ended(self) -> None:
        self.longest, self._calls = max(self.longest, self._calls), 0
        self.count += 1
