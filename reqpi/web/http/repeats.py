"""Trouble that is repeated: a host that is unreachable fails for every project, and is logged in one line."""

from __future__ import annotations

from collections.abc import Callable

__all__ = ["Repeats"]

_QUIET = 60.0
"""Seconds for which the same trouble is not reported again."""

_MOST = 1000
"""Different titles that are remembered, at most."""


class Repeats:
    """The trouble that was reported recently.

    :param seconds: returns the time, in seconds.
    """

    def __init__(self, seconds: Callable[[], float]) -> None:
        self._seconds = seconds
        self._reported: dict[str, float] = {}

    def is_new(self, text: str) -> bool:
        """Return whether a text was not reported in the last minute, and record that it is reported now."""
        now = self._seconds()
        if now - self._reported.get(text, -_QUIET) < _QUIET:
            return False
        if len(self._reported) >= _MOST:
            self._reported.clear()
        self._reported[text] = now
        return True
