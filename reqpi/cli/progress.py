"""The progress of a command: one line that is overwritten on a terminal, or a line now and then elsewhere."""

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
"""Seconds between two lines if stderr is not a terminal."""

_BETWEEN = 0.2
"""Seconds between two updates of the line on a terminal."""

_WINDOW = 10.0
"""Seconds over which the speed is measured."""

_LONGEST = 30
"""The maximum length of the bar in characters. No bar is drawn where fewer than five fit."""


class ProgressBar:
    """A progress bar on stderr.

    :param quiet: draw nothing.
    """

    def __init__(self, *, quiet: bool = False) -> None:
        self._quiet = quiet
        self._terminal = sys.stderr.isatty()
        self._drawn = False
        self._last = ("", time.monotonic())

    def show(self, text: str, share: float) -> None:
        """Show a state of the work.

        :param share: the part that is done, from 0 to 1.
        """
        if self._quiet:
            return
        if self._terminal:
            self._draw(text, share)
        else:
            self._line(text)

    def clear(self) -> None:
        """Remove the line from the terminal."""
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
        text_before, when = self._last
        if text != text_before and time.monotonic() - when >= _LINES:
            self._last = (text, time.monotonic())
            print(f"reqpi: {text}", file=sys.stderr, flush=True)


class Pace:
    """The speed over the last seconds; bytes that were there at the start do not count."""

    def __init__(self) -> None:
        self._seen: deque[tuple[float, int]] = deque()

    def of(self, now: float, size: int) -> float:
        """Return the speed in bytes per second.

        :param now: the time in seconds.
        :param size: the bytes received so far.
        """
        self._seen.append((now, size))
        while len(self._seen) > 2 and now - self._seen[0][0] > _WINDOW:
            self._seen.popleft()
        begun, before = self._seen[0]
        return max(0.0, (size - before) / (now - begun)) if now > begun else 0.0


def shown(files: tuple[int, int], came: int, size: int, pace: float) -> str:
    """Return as much as is known of ``12 of 61 files, 3.4 MiB of 20.1 MiB, 2.3 MiB/s, 7 s left``.

    :param files: (files received, all files); 0 for an unknown number of all files.
    :param came: bytes received so far.
    :param size: bytes of all files; 0 if it is not known.
    :param pace: bytes per second.
    """
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
    """A count of the bytes and files received, which several threads may update.

    :param size: bytes of all files; 0 if it is not known.
    :param files: the number of all files; 0 if it is not known.
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
        """Add to the bytes received.

        :param size: bytes; negative if received bytes were discarded.
        """
        with self._lock:
            self._came += size
            self._draw()

    def file(self) -> None:
        """Count one more complete file."""
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
    """Provide a meter with its own bar, which is removed at the end.

    :param quiet: show nothing.
    """
    bar = ProgressBar(quiet=quiet)
    try:
        yield ByteMeter(bar, size, files)
    finally:
        bar.clear()
