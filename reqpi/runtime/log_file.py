"""A file to which lines are appended: several processes may use it, and it is rotated from outside."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from reqpi.core.errors import Misconfigured

__all__ = ["LogFile"]


class LogFile:
    """A file to which lines are appended, each batch with one write, so that several processes may use it.

    It is opened again once its name does not lead to it any more: this is how logs are rotated. It is never renamed and
    never shortened from here.

    :param what: what it is, for errors: ``the access log``.
    :param report: receives the reason of the first write that fails, and ``None`` once a write succeeds again.
    """

    def __init__(self, path: Path, what: str, report: Callable[[str | None], None] = lambda _: None) -> None:
        self._path = path
        self._what = what
        self._report = report
        self._descriptor = -1
        self._failing = False

    def open(self) -> None:
        """Open the file before the first line, so that a wrong name is an error when the server starts.

        :raises Misconfigured: it cannot be written.
        """
        try:
            self._open()
        except OSError as error:
            title = f"{self._what} {self._path} cannot be written"
            raise Misconfigured(title, f"{error.strerror}. Name a file in a folder that this user can write.") from None

    def write(self, lines: str) -> None:
        """Append lines. They are lost if that fails: a full disk does not prevent clients from being served."""
        try:
            if self._descriptor < 0 or not self._is_there():
                self._open()
            os.write(self._descriptor, lines.encode(errors="replace"))
        except OSError as error:
            self._tell(error.strerror or str(error))
        else:
            self._tell(None)

    def flush(self) -> None:
        """Do nothing: each write is complete."""

    def _tell(self, failure: str | None) -> None:
        """Report a change between failing and working."""
        was, self._failing = self._failing, failure is not None
        if was != self._failing:
            self._report(failure)

    def _open(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1
        # Not for others: it has the addresses of locks, and an address is all that a client needs.
        self._descriptor = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o640)

    def _is_there(self) -> bool:
        try:
            there, here = os.stat(self._path), os.fstat(self._descriptor)
        except FileNotFoundError:
            return False
        return (there.st_dev, there.st_ino) == (here.st_dev, here.st_ino)
