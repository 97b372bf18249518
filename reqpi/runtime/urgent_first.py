"""A queue for work that is done one at a time, in which urgent work overtakes other work."""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable
from typing import TypeVar

from twisted.internet.defer import Deferred

__all__ = ["UrgentFirst"]

_T = TypeVar("_T")

_IN_A_ROW = 8
"""Urgent works that are done while another one waits: without a bound it could wait until it is given up."""


class UrgentFirst:
    """Two queues for one place."""

    def __init__(self) -> None:
        self._busy = False
        self._urgent: deque[Deferred[None]] = deque()
        self._other: deque[Deferred[None]] = deque()
        self._row = 0

    async def run(self, work: Callable[[], Awaitable[_T]], *, urgent: bool) -> _T:
        """Do some work when it is its turn.

        :param urgent: before everything that waits and is not.
        """
        if self._busy:
            turn: Deferred[None] = Deferred(self._left)
            (self._urgent if urgent else self._other).append(turn)
            await turn
        self._busy = True
        try:
            return await work()
        finally:
            self._next()

    def _left(self, turn: Deferred[None]) -> None:
        for queue in (self._urgent, self._other):
            if turn in queue:
                queue.remove(turn)

    def _next(self) -> None:
        self._row = self._row + 1 if self._urgent and self._other else 0
        queue = self._other if self._other and (not self._urgent or self._row > _IN_A_ROW) else self._urgent
        if queue is self._other:
            self._row = 0
        if queue:
            queue.popleft().callback(None)
        else:
            self._busy = False
