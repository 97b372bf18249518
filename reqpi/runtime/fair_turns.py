"""Turns: a bounded number of callers work at a time, and those who wait are served client by client.

A client with six hundred waiting callers delays another client by one of them, not by all.
"""

from __future__ import annotations

from collections import Counter, OrderedDict, deque
from collections.abc import Callable, Coroutine, Hashable
from typing import Any, TypeVar

from twisted.internet.defer import Deferred

__all__ = ["FairTurns"]

_T = TypeVar("_T")


class FairTurns:
    """A number of places, and the callers that wait for one.

    :param at_once: callers that work concurrently.
    :param each: the places that one client may have at a time, so that some are left for others.
    """

    def __init__(self, at_once: int, each: int | None = None) -> None:
        self._free = at_once
        self._each = at_once if each is None else each
        self._working: Counter[Hashable] = Counter()
        self._waiting: OrderedDict[Hashable, deque[Deferred[None]]] = OrderedDict()
        self._handing_over = False

    def waiting(self, client: Hashable) -> int:
        """Return how many callers of a client wait."""
        return len(self._waiting.get(client, ()))

    @property
    def all_waiting(self) -> int:
        """How many callers wait."""
        return sum(map(len, self._waiting.values()))

    @property
    def is_crowded(self) -> bool:
        """Whether some caller waits."""
        return bool(self._waiting)

    async def run(self, client: Hashable, work: Callable[[], Coroutine[Any, Any, _T]]) -> _T:
        """Wait for a place, and return the outcome of ``work``, which has the place until it ends.

        :param client: the one that has to be given a turn.
        """
        mine: Deferred[None] = Deferred(lambda given_up: self._give_up(client, given_up))
        self._waiting.setdefault(client, deque()).append(mine)
        self._hand_over()
        await mine
        try:
            return await work()
        finally:
            self._free += 1
            self._working[client] -= 1
            if not self._working[client]:
                del self._working[client]
            self._hand_over()

    def _hand_over(self) -> None:
        """Give the free places to those who wait. A caller that is done at once does not make the stack deeper."""
        if self._handing_over:
            return
        self._handing_over = True
        try:
            while (client := self._next()) is not None:
                waiting = self._waiting.pop(client)
                mine = waiting.popleft()
                if waiting:
                    self._waiting[client] = waiting  # behind all others
                self._free -= 1
                self._working[client] += 1
                mine.callback(None)
        finally:
            self._handing_over = False

    def _next(self) -> Hashable | None:
        if not self._free:
            return None
        return next((client for client in self._waiting if self._working[client] < self._each), None)

    def _give_up(self, client: Hashable, given_up: Deferred[None]) -> None:
        waiting = self._waiting.get(client)
        if waiting is not None and given_up in waiting:
            waiting.remove(given_up)
            if not waiting:
                del self._waiting[client]
