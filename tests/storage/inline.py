"""Coroutines of a store, run to their end here and now, with no reactor and no threads."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, ParamSpec, TypeVar

__all__ = ["inline", "run"]

P = ParamSpec("P")
T = TypeVar("T")


async def inline(f: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Call it in this thread: a :class:`reqpi.storage.threads.InThread` without a thread."""
    return f(*args, **kwargs)


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    """Return the result of the coroutine, which must not wait for anything."""
    try:
        coroutine.send(None)
    except StopIteration as stop:
        return stop.value  # type: ignore[no-any-return]
    raise AssertionError("it waits for something")
