"""How far something is: on one line that is written over, or line after line where there is no terminal."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

from reqpi.cli.messages import size_of

__all__ = ["Bar", "Meter", "metered"]

_LINES = 5.0
"""Seconds between two lines where there is no terminal."""

_BETWEEN = 0.2
"""Seconds between two drawings, where bytes are counted."""

_LONGEST = 30
"""Characters of the bar itself; what has no room for five has none."""


class Bar:
    """Speaks on stderr."""

    def __init__(self) -> None:
        self._terminal = sys.stderr.isatty()
        self._drawn = False
        self._told = ("", time.monotonic())

    def show(self, text: str, share: float) -> None:
        """Say it.

        :param share: of the whole, from 0 to 1.
        """
        if self._terminal:
            self._draw(text, share)
        else:
            self._line(text)

    def clear(self) -> None:
        """Take the line away."""
        if self._drawn:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
            self._drawn = False

    def _draw(self, text: str, share: float) -> None:
        columns = shutil.get_terminal_size().columns
        room = min(_LONGEST, columns - len(text) - 12)
        full = round(room * min(1.0, share))
        bar = f"[{'#' * full}{'.' * (room - full)}] " if room > 4 else ""
        sys.stderr.write(f"\r\x1b[K{f'reqpi: {bar}{text}'[: columns - 1]}")
        sys.stderr.flush()
        self._drawn = True

    def _line(self, text: str) -> None:
        said, when = self._told
        if text != said and time.monotonic() - when >= _LINES:
            self._told = (text, time.monotonic())
            print(f"reqpi: {text}", file=sys.stderr, flush=True)


class Meter:
    """Counts bytes that come, told by several threads.

    :param size: of all; 0 where that is not known.
    """

    def __init__(self, bar: Bar, size: int) -> None:
        self._bar = bar
        self._size = size
        self._lock = Lock()
        self._came = 0
        self._drawn = 0.0

    def count(self, size: int) -> None:
        """Some more; some less, where what came is thrown away."""
        with self._lock:
            self._came += size
            now = time.monotonic()
            if now - self._drawn >= _BETWEEN:
                self._drawn = now
                of_all = f" of {size_of(self._size)}" if self._size else ""
                self._bar.show(f"{size_of(self._came)}{of_all}", self._came / self._size if self._size else 0.0)


@contextmanager
def metered(size: int) -> Iterator[Meter]:
    """A meter with a bar of its own, which is taken away at the end."""
    bar = Bar()
    try:
        yield Meter(bar, size)
    finally:
        bar.clear()
