"""Asking once for many: who wants what is being asked for already waits for the same answer."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Hashable
from typing import Any, Generic, TypeVar

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from reqpi.core.errors import ReqPIError

__all__ = ["CancellingSingleFlight"]

_T = TypeVar("_T")


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
