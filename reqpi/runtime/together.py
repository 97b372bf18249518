"""Calls that are made together: those that arrive while others are under way wait, and one thread then makes them all.

A call by itself is made at once. Under load, a thread takes as many as have arrived, so that what each of them costs,
such as a change of threads or a wait for the disk, is paid once for all.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

__all__ = ["Together"]

_T = TypeVar("_T")
_R = TypeVar("_R")


class Together(Generic[_T, _R]):
    """Calls with one argument each.

    :param run: makes the calls for several arguments, in a thread, and returns the outcome of each: its result, or the
        exception that it raised.
    """

    def __init__(self, run: Callable[[Sequence[_T]], Awaitable[Sequence[_R | Exception]]]) -> None:
        self._run = run
        self._waiting: list[tuple[_T, Deferred[_R]]] = []
        self._under_way = False

    def call(self, argument: _T) -> Deferred[_R]:
        """Make a call together with others. A caller that gives up changes nothing: the call is made all the same."""
        mine: Deferred[_R] = Deferred()
        self._waiting.append((argument, mine))
        if not self._under_way:
            self._under_way = True
            Deferred.fromCoroutine(self._work_off())
        return mine

    async def _work_off(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting, []
            outcomes: Sequence[_R | Exception]
            try:
                outcomes = await self._run([argument for argument, _ in batch])
            except Exception as error:
                outcomes = [error] * len(batch)
            for (_, mine), outcome in zip(batch, outcomes, strict=True):
                if not mine.called:  # otherwise its caller has given up
                    mine.callback(Failure(outcome) if isinstance(outcome, Exception) else outcome)
        self._under_way = False
