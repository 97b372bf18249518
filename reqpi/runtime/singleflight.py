"""Single-flight: one piece of work for all callers that want the same at the same time, however long they wait."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Hashable, Iterable
from typing import Any, Generic, TypeVar

from twisted.internet.defer import Deferred, TimeoutError, gatherResults
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

from reqpi.core.errors import Pending, ReqPIError

__all__ = ["PATIENCE", "SingleFlight", "each", "report_unawaited", "within"]


_T = TypeVar("_T")
_K = TypeVar("_K", bound=Hashable)

_log = Logger()

PATIENCE = 10.0
"""Seconds that a client waits for an upstream before it is asked to try again: pip gives up after 15 without a byte."""


class _Flight(Generic[_T]):
    """One piece of work in progress, and the callers that wait for it."""

    def __init__(self) -> None:
        self.work: Deferred[None] | None = None
        self.waiting: list[Deferred[_T]] = []


class SingleFlight(Generic[_T]):
    """Work in progress, by key. Callers that arrive while it runs share its outcome; a later caller starts it anew.

    :param cancel_unawaited: whether to cancel the work as soon as its last caller has given up. Otherwise it goes on,
        for the next caller.
    """

    def __init__(self, *, cancel_unawaited: bool = False) -> None:
        self._cancel_unawaited = cancel_unawaited
        self._flights: dict[Hashable, _Flight[_T]] = {}

    def do(self, key: Hashable, work: Callable[[], Coroutine[Any, Any, _T]]) -> Deferred[_T]:
        """Return the outcome of ``work()``, which is started here unless it is in progress for ``key`` already.

        Cancelling the returned Deferred gives up waiting, for this caller alone.
        """
        in_progress = self._flights.get(key)
        flight: _Flight[_T] = in_progress or _Flight()
        mine: Deferred[_T] = Deferred(lambda given_up: self._give_up(key, flight, given_up))
        flight.waiting.append(mine)
        if in_progress is None:
            self._flights[key] = flight
            flight.work = Deferred.fromCoroutine(work()).addBoth(self._finish, key, flight)
        return mine

    def is_under_way(self, key: Hashable) -> bool:
        """Return whether work is in progress for a key, so that a caller would share its outcome."""
        return key in self._flights

    def _give_up(self, key: Hashable, flight: _Flight[_T], given_up: Deferred[_T]) -> None:
        if given_up not in flight.waiting:
            return  # the outcome is known: a caller that received it first gives up on behalf of another one
        flight.waiting.remove(given_up)
        if self._cancel_unawaited and not flight.waiting:
            del self._flights[key]
            if flight.work is not None:
                flight.work.cancel()

    def _finish(self, outcome: _T | Failure, key: Hashable, flight: _Flight[_T]) -> None:
        if self._flights.get(key) is flight:
            del self._flights[key]
        waiting, flight.waiting = flight.waiting, []
        if isinstance(outcome, Failure) and not waiting and not self._cancel_unawaited:
            report_unawaited(outcome, key)
        for one in waiting:
            if one.called:
                continue
            if isinstance(outcome, Failure) and isinstance(outcome.value, ReqPIError):
                one.errback(outcome.value.again())
            else:
                one.callback(outcome)  # a Failure makes it an errback


def report_unawaited(
    failure: Failure, key: object, expected: type[Exception] | tuple[type[Exception], ...] = ReqPIError
) -> None:
    """Log a failure that no caller waits for. An expected error gets no traceback: the next caller receives it.

    :param key: names the work.
    """
    if isinstance(failure.value, expected):
        _log.debug("work failed when no caller waited for it any more: {error}", error=failure.value)
    else:
        _log.failure("work for {key!r} failed when no caller waited for it any more", failure, key=key)


async def within(patience: float, clock: IReactorTime, waiting: Deferred[_T], what: str) -> _T:
    """Return the outcome of ``waiting`` if it comes in time. Otherwise the caller has to ask again; the work goes on.

    :param patience: seconds.
    :param what: names what is awaited, with its verb: ``the page of six is``.
    :raises reqpi.core.errors.Pending: the outcome did not come in time.
    """
    try:
        return await waiting.addTimeout(patience, clock)
    except TimeoutError as error:
        raise Pending(f"{what} on the way", "Upstream is slow. Ask again in a moment.") from error


async def each(items: Iterable[_K], work: Callable[[_K], Coroutine[Any, Any, _T]], at_once: int) -> dict[_K, _T]:
    """Return the outcome of ``work`` for each of ``items``, running at most ``at_once`` of them at a time.

    :raises Exception: the first exception that ``work`` raised. No more items are then started, and those in progress
        are awaited.
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
        # Nothing in this frame may refer to the exception: its traceback has this frame, so that would be a cycle.
        del failures[1:]
        raise failures.pop()
    return outcomes
