"""One piece of work for a key, however many ask for it at the same time, and however long they wait."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Hashable
from typing import Any, Generic, TypeVar

from twisted.internet.defer import Deferred, TimeoutError
from twisted.internet.interfaces import IReactorTime
from twisted.python.failure import Failure

from reqpi.errors import UpstreamTrouble

__all__ = ["PATIENCE", "Once", "within"]

_T = TypeVar("_T")

PATIENCE = 10.0
"""Seconds that a client waits for an upstream before it is told to ask again: pip gives up after 15 without a byte."""


class Once(Generic[_T]):
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
        for waiting in self._waiting.pop(key):
            waiting.callback(outcome)  # a Failure makes it an errback


async def within(patience: float, clock: IReactorTime, waiting: Deferred[_T], what: str) -> _T:
    """The outcome of ``waiting``, if it comes in time. If not, whoever asked is told to ask again; the work goes on.

    :param patience: seconds.
    :param what: it is that is being waited for.
    :raises reqpi.errors.UpstreamTrouble: it did not come in time.
    """
    try:
        return await waiting.addTimeout(patience, clock)
    except TimeoutError as error:
        raise UpstreamTrouble(f"{what} on the way", "Upstream is slow. Ask again in a moment.") from error
