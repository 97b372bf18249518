"""Trouble that repeats itself: a host that is away fails for every project, and is one line of the log."""

from __future__ import annotations

from collections.abc import Callable

__all__ = ["Repeats"]

_QUIET = 60.0
"""Seconds in which the same trouble is not reported again."""

_MOST = 1000
"""Different troubles that are remembered."""


class Repeats:
    """Which troubles were reported lately.

    :param seconds: tells the time.
    """

    def __init__(self, seconds: Callable[[], float]) -> None:
        self._seconds = seconds
        self._reported: dict[str, float] = {}

    def is_new(self, text: str) -> bool:
        """Return whether a trouble was not reported in the last minute; from now on it was."""
        now = self._seconds()
        if now - self._reported.get(text, -_QUIET) < _QUIET:
            return False
        if len(self._reported) >= _MOST:
            self._reported.clear()
        self._reported[text] = now
        return True
