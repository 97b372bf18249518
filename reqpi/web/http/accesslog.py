"""Who asked for what: a line for each answer, in the Combined Log Format, written some at a time.

To log each by itself would take longer than to answer. A process that is killed loses the lines of its last moment.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from twisted.internet.interfaces import IReactorTime
from twisted.web.http import datetimeToLogString

__all__ = ["AccessLog", "LogFile"]

_LATEST = 0.2
"""Seconds until a line is written."""

_MOST = 1000
"""Lines that wait."""

_TOKEN = re.compile(r"(/learn/[0-9a-f]{6})[0-9a-f]{26}")
"""Whoever has all of it can have any file be written into somebody's lock. The rest tells sessions apart."""


class AccessLog:
    """The log of one site.

    :param clock: the time of day, and what waiting is counted on.
    :param write: takes some lines, each with its end.
    """

    def __init__(self, clock: IReactorTime, write: Callable[[str], None]) -> None:
        self._clock = clock
        self._write = write
        self._lines: list[str] = []
        self._due: Any = None
        self._second = -1
        self._timestamp = ""

    def timestamp(self) -> str:
        """Now, as the format has it."""
        second = int(self._clock.seconds())
        if second != self._second:
            self._second, self._timestamp = second, datetimeToLogString(second)
        return self._timestamp

    def note(self, line: str) -> None:
        """Write a line, soon."""
        self._lines.append(_TOKEN.sub(r"\1...", line) if "/learn/" in line else line)
        if len(self._lines) >= _MOST:
            self.flush()
        elif self._due is None:
            self._due = self._clock.callLater(_LATEST, self.flush)

    def flush(self) -> None:
        """Write what waits."""
        due, self._due = self._due, None
        if due is not None and due.active():
            due.cancel()
        lines, self._lines = self._lines, []
        if lines:
            self._write("\n".join([*lines, ""]))


class LogFile:
    """A file that lines are appended to, in whole pieces: several processes may share it.

    It is opened anew once it is not there any more under its name, which is how logs are rotated.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor = -1

    def write(self, lines: str) -> None:
        """Append them. Where that fails they are lost: nobody is kept from being served by a full disk."""
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
