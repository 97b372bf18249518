"""A client that asks for a page and a file now and then, and notes how long it waits for them."""

from __future__ import annotations

import time
from collections.abc import Callable

from attrs import field, frozen

from benchmarks.closed_loop import Connection, percentile, with_those_missed
from benchmarks.load import ACCEPT, Load

__all__ = ["Waits", "asking"]

_EVERY = 0.02


@frozen
class Waits:
    """Response times of one kind of request, in seconds, with those of the requests that a slow one delayed.

    :ivar failed: why requests failed.
    """

    seconds: list[float] = field(factory=list)
    failed: list[str] = field(factory=list)

    def percentile(self, share: float) -> float:
        """Return a percentile in milliseconds; see :func:`~benchmarks.closed_loop.percentile`."""
        return percentile(self.seconds, share) * 1e3

    @property
    def longest(self) -> float:
        """The longest time in milliseconds."""
        return max(self.seconds, default=0.0) * 1e3


def asking(page: str, file: str, seconds: float) -> tuple[Waits, Waits]:
    """Ask for a page on a connection that is kept, and for a file on a new one each time.

    :returns: the times of the page, and of the file.
    """
    pages, files = Waits(), Waits()
    kept: list[Connection] = []
    began = due = time.perf_counter()
    while due < began + seconds:
        time.sleep(max(due - time.perf_counter(), 0.0))
        _timed(pages, lambda: _on_kept(page, kept))
        _timed(files, lambda: _on_new(file))
        due = max(due + _EVERY, time.perf_counter())
    for each in kept:
        each.socket.close()
    return pages, files


def _timed(waits: Waits, ask: Callable[[], None]) -> None:
    began = time.perf_counter()
    try:
        ask()
    except (OSError, SystemExit) as error:  # Connection raises the latter
        waits.failed.append(str(error))
    waits.seconds.extend(with_those_missed(time.perf_counter() - began, _EVERY))


def _on_kept(url: str, kept: list[Connection]) -> None:
    """Ask on the connection in ``kept``, which is opened first if there is none, and removed if it fails."""
    connection = kept.pop() if kept else _connection(url)
    _whole(connection)
    kept.append(connection)


def _on_new(url: str) -> None:
    connection = _connection(url)
    try:
        _whole(connection)
    finally:
        connection.socket.close()


def _connection(url: str) -> Connection:
    return Connection(Load(url, 1, 0, {"Accept": ACCEPT}))


def _whole(connection: Connection) -> None:
    connection.send()
    while not connection.receive():
        continue
