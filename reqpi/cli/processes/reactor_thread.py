"""A reactor for commands that wait for one coroutine after another.

The reactor runs in its own thread. So the command can wait several times, and Ctrl-C reaches the main thread while it
waits.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from threading import Thread
from typing import Any, Protocol, TypeVar, cast

from twisted.internet import reactor as _the_reactor
from twisted.internet.defer import Deferred
from twisted.internet.threads import blockingCallFromThread

from reqpi.cli.stderr_log import begin_logging

__all__ = ["Wait", "reactor_running"]

T = TypeVar("T")

_reactor = cast(Any, _the_reactor)
_blocking = cast(Any, blockingCallFromThread)
_TO_END = 5.0
"""Seconds that the reactor's thread has to finish when the command ends."""


class Wait(Protocol):
    """Run a coroutine on the reactor and wait for its result."""

    def __call__(self, work: Coroutine[Any, Any, T]) -> T:
        """Return what ``work`` returns, or raise what it raises."""


@contextmanager
def reactor_running() -> Iterator[Wait]:
    """Run the reactor while the block runs, and provide a function that waits for coroutines.

    Use it once in a process. Coroutines that have not finished, because of Ctrl-C, are cancelled at the end.
    """
    begin_logging()
    under_way: list[Deferred[Any]] = []
    thread = Thread(target=_reactor.run, kwargs={"installSignalHandlers": False}, name="reactor", daemon=True)
    thread.start()

    def wait(work: Coroutine[Any, Any, T]) -> T:
        result: T = _blocking(_reactor, _noted(work, under_way))
        return result

    try:
        yield wait
    finally:
        _reactor.callFromThread(_end, under_way)
        thread.join(_TO_END)


def _noted(work: Coroutine[Any, Any, T], under_way: list[Deferred[Any]]) -> Callable[[], Deferred[T]]:
    """Return a function that starts ``work`` and adds its Deferred to ``under_way``."""

    def begin() -> Deferred[T]:
        begun = Deferred.fromCoroutine(work)
        under_way.append(begun)
        return begun

    return begin


def _end(under_way: list[Deferred[Any]]) -> None:
    """Cancel the unfinished work and stop the reactor. Call it in the reactor's thread."""
    for work in under_way:
        work.cancel()
    _reactor.stop()
