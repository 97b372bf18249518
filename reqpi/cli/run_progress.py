"""The progress of a server inside this process: a line now and then while a command runs, and a count at the end.

The command has the terminal and may draw on it. So a line is written only if something was served since the last one,
and it never overwrites another line.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Lock, Thread

from reqpi.cli.messages import count_of, size_of, tell_remark

__all__ = ["Watch"]

_FIRST = 2.0
"""Seconds until the first line. A command that ends earlier needs none."""

_BETWEEN = 5.0
"""Seconds between two lines."""

_MOST = 100_000
"""The maximum number of files that are counted."""

_FILE = re.compile(r'"GET (?:[a-z]+://[^/ ]+)?/[0-9a-f]{64}/simple/([^/ ]+/([^/ ]+)) HTTP/[0-9.]+" (200|206) ([0-9]+)')
_ASKED = re.compile(r'"(?:GET|HEAD) (?:[a-z]+://[^/ ]+)?/[0-9a-f]{64}/(?:simple|files)[/ ]', re.IGNORECASE)
_PAGE = re.compile(r'"GET (?:[a-z]+://[^/ ]+)?/[0-9a-f]{64}/simple/[^/ ]+/? HTTP/[0-9.]+" 200 ')


class Watch:
    """A reader of a server's access log.

    :param quiet: write no lines.
    :ivar files: the number of different files that were served, without metadata files.
    """

    def __init__(self, *, quiet: bool = False) -> None:
        self._quiet = quiet
        self._lock = Lock()
        self._taken: set[str] = set()
        self._size = 0
        self._pages = 0
        self._asked = False
        self._last = ""

    @property
    def nothing(self) -> bool:
        """Whether nothing at all was asked: a client that is told that its copy is valid (304) did ask."""
        return not self._asked

    @property
    def files(self) -> int:
        """The number of different files that were served."""
        return len(self._taken)

    def note(self, lines: str) -> None:
        """Count the requests in some lines of the log. It may be called from any thread."""
        with self._lock:
            for line in lines.splitlines():
                self._count(line)

    def took(self, project: str, filename: str, size: int) -> None:
        """Count something that was served in another way. It may be called from any thread.

        :param filename: empty for anything that is not a file.
        """
        with self._lock:
            self._asked = True
            if not filename:
                self._pages += 1
            elif len(self._taken) < _MOST:
                self._taken.add(f"{project}/{filename}")
                self._size += size

    @contextmanager
    def telling(self) -> Iterator[None]:
        """Write lines while the block runs."""
        if self._quiet:
            yield
            return
        end = Event()
        thread = Thread(target=self._tell, args=(end,), name="progress", daemon=True)
        thread.start()
        try:
            yield
        finally:
            end.set()
            thread.join()

    def _count(self, line: str) -> None:
        self._asked = self._asked or _ASKED.search(line) is not None
        file = _FILE.search(line)
        if file is None:
            self._pages += _PAGE.search(line) is not None
        elif not file[2].endswith(".metadata") and len(self._taken) < _MOST:
            self._taken.add(file[1])
            self._size += int(file[4])

    def _tell(self, end: Event) -> None:
        pause = _FIRST
        while not end.wait(pause):
            pause = _BETWEEN
            with self._lock:
                text = (
                    f"{count_of(self._pages, 'page')} and {count_of(self.files, 'file')}, {size_of(self._size)} so far"
                )
                news, self._last = (self._pages or self._taken) and text != self._last, text
            if news:
                tell_remark(text)
