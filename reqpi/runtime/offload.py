"""Work outside the reactor's thread: the only place where it is decided what goes to a thread.

While the reactor's thread works, every client waits. A thread costs a turn of the reactor and, under load, some waiting
for the interpreter: 0.4 ms were measured. So work of which there may be little or much has a :class:`Threshold`. Work
below it takes 10 ms at most, mostly less than 1 ms. Work that is always long, and calls that block, go through
:func:`in_thread`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import nullcontext
from functools import partial
from typing import Any, ParamSpec, TypeVar

from attrs import frozen
from twisted.internet.defer import Deferred, execute
from twisted.internet.threads import deferToThread
from twisted.python.failure import Failure

from reqpi.runtime.gc_pause import paused

__all__ = [
    "ADMITTED_CRATES",
    "DECIDED_FILES",
    "FROZEN_PAGE",
    "HASHED_PIECE",
    "INDEX_ENTRIES",
    "INDEX_PAGE",
    "LOCK",
    "RENDERED_LINKS",
    "Threshold",
    "in_thread",
]

_P = ParamSpec("_P")
_T = TypeVar("_T")


def in_thread(f: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> Deferred[_T]:
    """Call a function in a thread. Its result, or its error, is that of the returned ``Deferred``.

    Twisted's ``deferToThread`` makes a cycle of objects for each call, which only the collector frees. A busy server
    makes thousands of calls a second.
    """
    from twisted.internet import reactor  # noqa: PLC0415 - it must not be installed by an import

    team = getattr(reactor.getThreadPool(), "_team", None)  # type: ignore[attr-defined]  # the module's type is vague
    if team is None:
        return deferToThread(f, *args, **kwargs)
    result: Deferred[_T] = Deferred()
    team.do(_Call(reactor, partial(f, *args, **kwargs), result))
    return result


class _Call:
    """A call in a thread, whose frame keeps no reference to its error."""

    __slots__ = ("_reactor", "_result", "_work")

    def __init__(self, reactor: Any, work: Callable[[], Any], result: Deferred[Any]) -> None:
        self._reactor = reactor
        self._work = work
        self._result = result

    def __call__(self) -> None:
        try:
            value = self._work()
        except BaseException:
            self._reactor.callFromThread(self._result.errback, Failure())
            return
        self._reactor.callFromThread(self._result.callback, value)


@frozen
class Threshold:
    """How much of one kind of work the reactor's thread does itself.

    :param inline: the greatest amount that is done at once; more is done in a thread.
    :param collecting: the greatest amount in a thread that is done without a pause of the garbage collector.
    """

    inline: int
    collecting: float = math.inf

    def run(self, amount: int, work: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> Deferred[_T]:
        """Do some work, at once if it is little.

        :param amount: how much it is, in the unit of the threshold.
        """
        if amount <= self.inline:
            return execute(work, *args, **kwargs)
        return in_thread(self._called, amount, partial(work, *args, **kwargs))

    def _called(self, amount: int, work: Callable[[], _T]) -> _T:
        with paused() if amount > self.collecting else nullcontext():
            return work()


LOCK = Threshold(0, collecting=1 << 14)
"""Bytes of documents that are read as a lock: 64 KiB take 5 to 100 ms. More than 16 KiB may have a thousand pins."""

FROZEN_PAGE = Threshold(1 << 16, collecting=1 << 16)
"""Bytes of a frozen page that is read: 64 KiB, some 150 files, take 3 to 5 ms."""

DECIDED_FILES = Threshold(200, collecting=200)
"""Files of a page that are decided on or written down. A page of 150 files takes 3 to 7 ms to read, for comparison."""

ADMITTED_CRATES = Threshold(200, collecting=1000)
"""Crates of Cargo.locks that are put together: 200 take 4 to 8 ms, 40,000 some 3 s."""

INDEX_PAGE = Threshold(1 << 14, collecting=1 << 18)
"""Bytes of an upstream page that is parsed: 16 KiB take 1 to 2 ms. More than 256 KiB may have thousands of files."""

INDEX_ENTRIES = Threshold(1 << 17)
"""Bytes of packed entries that are unpacked: those of one version take 0.3 to 2 ms, 128 KiB some 8 ms."""

RENDERED_LINKS = Threshold(100)
"""Links of a page that is rendered: 100 take 2 to 3 ms."""

HASHED_PIECE = Threshold((1 << 17) - 1)
"""Bytes of a piece that is hashed while it is written: 128 KiB take 0.1 ms, and both release the interpreter."""
