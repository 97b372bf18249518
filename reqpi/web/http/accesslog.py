"""The access log: a line for each response, in the Combined Log Format, written in batches.

To write each line by itself would take longer than to send the response. A process that is killed loses the lines of
its last 0.2 seconds.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from twisted.internet.interfaces import IReactorTime
from twisted.web.http import datetimeToLogString

from reqpi.web.http.redaction import redacted

__all__ = ["AccessLog", "LogFile"]

_LATEST = 0.2
"""Seconds until a line is written, at most."""

_MOST = 1000
"""Lines that wait, at most."""


class AccessLog:
    """The log of one site.

    :param clock: the time of day, and the timer for writing.
    :param write: is called with lines, each with a newline at its end.
    """

    def __init__(self, clock: IReactorTime, write: Callable[[str], None]) -> None:
        self._clock = clock
        self._write = write
        self._lines: list[str] = []
        self._due: Any = None
        self._second = -1
        self._timestamp = ""

    def timestamp(self) -> str:
        """Return the present time in the format of the log."""
        second = int(self._clock.seconds())
        if second != self._second:
            self._second, self._timestamp = second, datetimeToLogString(second)
        return self._timestamp

    def note(self, line: str) -> None:
        """Add a line, to be written soon."""
        self._lines.append(redacted(line))
        if len(self._lines) >= _MOST:
            self.flush()
        elif self._due is None:
            self._due = self._clock.callLater(_LATEST, self.flush)

    def flush(self) -> None:
        """Write the lines that wait."""
        due, self._due = self._due, None
        if due is not None and due.active():
            due.cancel()
        lines, self._lines = self._lines, []
        if lines:
            self._write("\n".join([*lines, ""]))


class LogFile:
    """A file to which lines are appended, each batch with one write, so that several processes may use it.

    It is opened again once its name does not lead to it any more: this is how logs are rotated.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor = -1

    def write(self, lines: str) -> None:
        """Append lines. They are lost if that fails: a full disk does not prevent clients from being served."""
        with suppress(OSError):
            if self._descriptor < 0 or not self._is_there():
                self._open()
            os.write(self._descriptor, lines.encode())

    def _open(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1
        self._descriptor = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o640)

    def _is_there(self) -> bool:
        try:
            there, here = os.stat(self._path), os.fstat(self._descriptor)
        except FileNotFoundError:
            return False
        return (there.st_dev, there.st_ino) == (here.st_dev, here.st_ino)
