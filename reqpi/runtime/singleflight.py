"""One piece of work for a key, however many ask for it at the same time, and however long they wait."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Hashable, Iterable
from typing import Any, Generic, TypeVar

from twisted.internet.defer import Deferred, TimeoutError, gatherResults
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

from reqpi.core.errors import Pending, ReqPIError

__all__ = ["PATIENCE", "CancellingSingleFlight", "SingleFlight", "each", "within"]


_T = TypeVar("_T")
_K = TypeVar("_K", bound=Hashable)

_log = Logger()

PATIENCE = 10.0
"""Seconds that a client waits for an upstream before it is told to ask again: pip gives up after 15 without a byte."""


class SingleFlight(Generic[_T]):
    """Work under way, by key. Who comes while it lasts gets its outcome; who comes later starts it anew."""

    def __init__(self) -> None:
        self._waiting: dict[Hashable, list[Deferred[_T]]] = {}

    def do(self, key: Hashable, work: Callable[[], Coroutine[Any, Any, _T]]) -> Deferred[_T]:
        """The outcome of ``work()``, begun here or earlier.

        Cancelling what is returned gives up waiting; the work goes on, for the others and for the next who asks.
        """
        mine: Deferred[_T] = Deferred()
        if key in self._waiting:
            self._waiting[key].append(mine)
        else:
            self._waiting[key] = [mine]
            Deferred.fromCoroutine(work()).addBoth(self._land, key)
        return mine

    def _land(self, outcome: _T | Failure, key: Hashable) -> None:
        waiting = self._waiting.pop(key)
        if isinstance(outcome, Failure) and all(one.called for one in waiting):
            _report_unawaited(outcome, key)
        for one in waiting:
            if isinstance(outcome, Failure) and isinstance(outcome.value, ReqPIError):
                one.errback(outcome.value.again())
            else:
                one.callback(outcome)  # a Failure makes it an errback


def _report_unawaited(failure: Failure, key: Hashable) -> None:
    """Log a failure that no caller waits for; a known one has no traceback, and is reported where it is asked for."""
    if isinstance(failure.value, ReqPIError):
        _log.debug("no caller waited any more for what failed: {error}", error=failure.value)
    else:
        _log.failure("work for {key!r} failed when no caller waited for it any more", failure, key=key)


async def within(patience: float, clock: IReactorTime, waiting: Deferred[_T], what: str) -> _T:
    """The outcome of ``waiting``, if it comes in time. If not, whoever asked is told to ask again; the work goes on.

    :param patience: seconds.
    :param what: it is that is being waited for.
    :raises reqpi.core.errors.Pending: it did not come in time.
    """
    try:
        return await waiting.addTimeout(patience, clock)
    except TimeoutError as error:
        raise Pending(f"{what} on the way", "Upstream is slow. Ask again in a moment.") from error


async def each(items: Iterable[_K], work: Callable[[_K], Coroutine[Any, Any, _T]], at_once: int) -> dict[_K, _T]:
    """The outcome of ``work`` for each of ``items``, ``at_once`` of them at a time.

    :raises Exception: what the first that failed raised. Nothing more is begun then, and what was is waited for.
    """
    outcomes: dict[_K, _T] = {}
    failures: list[Exception] = []
    waiting = iter(items)

    async def worker() -> None:
        for item in waiting:
            try:
                outcomes[item] = await work(item)
            except Exception as error:
                failures.append(error)
            if failures:
                return

    await gatherResults([Deferred.fromCoroutine(worker()) for _ in range(at_once)])
    if failures:
        # Nothing here may refer to what is raised: with this frame in its traceback, that would be a cycle.
        del failures[1:]
        raise failures.pop()
    return outcomes


class _Asking(Generic[_T]):
    """What is being asked for, and those who wait."""

    def __init__(self) -> None:
        self.work: Deferred[None] | None = None
        self.waiting: list[Deferred[_T]] = []


class CancellingSingleFlight(Generic[_T]):
    """What is being asked for, by key. It is cancelled as soon as nobody waits for it any more."""

    def __init__(self) -> None:
        self._asking: dict[Hashable, _Asking[_T]] = {}

    def do(self, key: Hashable, work: Callable[[], Coroutine[Any, Any, _T]]) -> Deferred[_T]:
        """The outcome of ``work()``, begun here or earlier."""
        under_way = self._asking.get(key)
        asking: _Asking[_T] = under_way or _Asking()
        mine: Deferred[_T] = Deferred(lambda given_up: self._give_up(key, asking, given_up))
        asking.waiting.append(mine)
        if under_way is None:
            self._asking[key] = asking
            asking.work = Deferred.fromCoroutine(work()).addBoth(self._land, key, asking)
        return mine

    def _give_up(self, key: Hashable, asking: _Asking[_T], given_up: Deferred[_T]) -> None:
        if given_up not in asking.waiting:
            return  # the outcome is here, and one of those who got it first gives up for the others
        asking.waiting.remove(given_up)
        if not asking.waiting:
            del self._asking[key]
            if asking.work is not None:
                asking.work.cancel()

    def _land(self, outcome: _T | Failure, key: Hashable, asking: _Asking[_T]) -> None:
        if self._asking.get(key) is asking:
            del self._asking[key]
        waiting, asking.waiting = asking.waiting, []
        for one in waiting:
            if one.called:
                continue
            if isinstance(outcome, Failure) and isinstance(outcome.value, ReqPIError):
                one.errback(outcome.value.again())
            else:
                one.callback(outcome)  # a Failure makes it an errback
