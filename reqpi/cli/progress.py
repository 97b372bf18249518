"""How far something is: on one line that is written over, or line after line where there is no terminal."""

from __future__ import annotations

import shutil
import sys
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

from reqpi.cli.messages import count_of, size_of

__all__ = ["ByteMeter", "Pace", "ProgressBar", "metered", "shown"]

_LINES = 5.0
"""Seconds between two lines where there is no terminal."""

_BETWEEN = 0.2
"""Seconds between two drawings, where bytes are counted."""

_WINDOW = 10.0
"""Seconds that a speed is of."""

_LONGEST = 30
"""Characters of the bar itself; what has no room for five has none."""


class ProgressBar:
    """Speaks on stderr.

    :param quiet: it does not.
    """

    def __init__(self, *, quiet: bool = False) -> None:
        self._quiet = quiet
        self._terminal = sys.stderr.isatty()
        self._drawn = False
        self._told = ("", time.monotonic())

    def show(self, text: str, share: float) -> None:
        """Say it.

        :param share: of the whole, from 0 to 1.
        """
        if self._quiet:
            return
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


class Pace:
    """How fast something comes, over the last seconds: what was there before says nothing about it."""

    def __init__(self) -> None:
        self._seen: deque[tuple[float, int]] = deque()

    def of(self, now: float, size: int) -> float:
        """Bytes a second.

        :param now: seconds.
        :param size: bytes so far.
        """
        self._seen.append((now, size))
        while len(self._seen) > 2 and now - self._seen[0][0] > _WINDOW:
            self._seen.popleft()
        begun, before = self._seen[0]
        return max(0.0, (size - before) / (now - begun)) if now > begun else 0.0


def shown(files: tuple[int, int], came: int, size: int, pace: float) -> str:
    """``12 of 61 files, 3.4 MiB of 20.1 MiB, 2.3 MiB/s, 7 s left``: as much of it as is known."""
    done, count = files
    parts = [f"{done} of {count_of(count, 'file')}"] if count else []
    parts.append(f"{size_of(came)} of {size_of(size)}" if size > came else size_of(came))
    if pace >= 1:
        parts.append(f"{size_of(round(pace))}/s")
        if size > came:
            parts.append(f"{_duration((size - came) / pace)} left")
    return ", ".join(parts)


def _duration(seconds: float) -> str:
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    return f"{whole // 60} min" if whole < 3600 else f"{whole // 3600} h {whole % 3600 // 60} min"


class ByteMeter:
    """Counts bytes and files that come, told by several threads.

    :param size: of all, in bytes; 0 where that is not known.
    :param files: how many there are; 0 where that is not known.
    """

    def __init__(self, bar: ProgressBar, size: int, files: int = 0) -> None:
        self._bar = bar
        self._size = size
        self._files = files
        self._lock = Lock()
        self._pace = Pace()
        self._came = 0
        self._done = 0
        self._drawn = 0.0

    def count(self, size: int) -> None:
        """Some more bytes; some less, where what came is thrown away."""
        with self._lock:
            self._came += size
            self._draw()

    def file(self) -> None:
        """One more file is whole."""
        with self._lock:
            self._done += 1
            self._draw()

    def _draw(self) -> None:
        now = time.monotonic()
        if now - self._drawn >= _BETWEEN:
            self._drawn = now
            text = shown((self._done, self._files), self._came, self._size, self._pace.of(now, self._came))
            self._bar.show(text, self._came / self._size if self._size else 0.0)


@contextmanager
def metered(size: int, files: int = 0, *, quiet: bool = False) -> Iterator[ByteMeter]:
    """A meter with a bar of its own, which is taken away at the end.

    :param quiet: show nothing.
    """
    bar = ProgressBar(quiet=quiet)
    try:
        yield ByteMeter(bar, size, files)
    finally:
        bar.clear()
