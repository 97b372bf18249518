"""Turns that last as long as their work, also when the caller gives up.

A thread cannot be cancelled. If a caller that gives up frees its turn, the next one begins while the thread still
works, with the same process or on the same processor.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from reqpi.core.errors import ReqPIError
from reqpi.runtime.singleflight import report_unawaited

__all__ = ["whole_turn"]

_T = TypeVar("_T")


def whole_turn(
    run: Callable[[Callable[[], Any]], Awaitable[Any]],
    work: Callable[[], Awaitable[_T]],
    expected: tuple[type[Exception], ...] = (),
) -> Deferred[_T]:
    """Do some work when it is its turn, and keep the turn until the work ends.

    Cancelling the returned ``Deferred`` gives up waiting at once: work that has begun goes on, and other work is never
    begun.

    :param run: calls the work when it is its turn, as ``DeferredLock.run`` does. While it waits, it can be cancelled.
    :param expected: errors of the work that are no faults, in addition to those of ReqPI: when no caller waits for them
        any more, they are not reported as faults.
    """
    begun = False

    def begin() -> Awaitable[_T]:
        nonlocal begun
        begun = True
        return work()

    def give_up(_: Deferred[_T]) -> None:
        if not begun:
            turn.cancel()

    def finish(outcome: _T | Failure) -> None:
        if not caller.called:
            caller.callback(outcome)  # a Failure makes it an errback
        elif begun and isinstance(outcome, Failure):
            report_unawaited(outcome, work, (ReqPIError, *expected))

    async def awaited() -> _T:
        outcome: _T = await run(begin)
        return outcome

    caller: Deferred[_T] = Deferred(give_up)
    turn = Deferred.fromCoroutine(awaited())
    turn.addBoth(finish)
    return caller
