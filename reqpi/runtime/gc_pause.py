"""Python's collector of cycles, kept from going through what is large and has none.

Its full rounds stop every thread. What a page of 12,000 files or a lock of 10,000 pins is made of takes 20 to 100 ms to
be gone through, again and again while it is being made, and once more with each round for as long as it is in memory.
It is all values that refer to no one in a circle: counting references frees them. So nothing is collected while they
are made, and what is there by then is left out of later rounds. Circles that others made meanwhile are left out with
them, so now and then all of it is gone through: by itself it would never be, as what is left out is not counted.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["collect_all", "paused", "settle"]

_under_way: list[None] = []
_MOST = 1000
"""Times that what is there is left out, until all of it is gone through once, which may take 0.1 s."""

_times = iter(range(_MOST))


@contextmanager
def paused() -> Iterator[None]:
    """While values are made, thousands of them. Several threads may be at it."""
    _under_way.append(None)
    gc.disable()
    try:
        yield
    finally:
        _under_way.pop()
        if not _under_way:
            _leave_out()
            gc.enable()


def settle() -> None:
    """What a program has loaded by now it will have for as long as it runs."""
    gc.collect()
    gc.freeze()


def collect_all() -> None:
    """Go through everything once, what was left out too. All threads stop for it, for up to 0.2 s.

    An error that passed through a coroutine is in a cycle with its frames, and these have the lock that it is about.
    Left out of later rounds, such a lock would stay in memory.
    """
    gc.unfreeze()
    gc.collect()
    gc.freeze()


def _leave_out() -> None:
    global _times  # noqa: PLW0603  # so is the collector
    if next(_times, None) is None:
        _times = iter(range(_MOST))
        gc.unfreeze()
        gc.collect()
    gc.freeze()
