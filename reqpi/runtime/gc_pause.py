"""Pauses of Python's cyclic garbage collector, while large structures without cycles are built.

A full collection stops every thread. The objects of a page of 12,000 files or of a lock of 10,000 pins take 20 to 100
ms to traverse: repeatedly while they are built, and again in each collection for as long as they are in memory. They
contain no cycles, so reference counting alone frees them. Therefore nothing is collected while they are built, and all
objects that exist by then are excluded from later collections (``gc.freeze``). Cycles that other code made meanwhile
are excluded with them, so a full collection of everything is run now and then: the collector would never start one by
itself, because it does not count excluded objects.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["collect_all", "collect_new", "paused", "settle"]

_under_way: list[None] = []
_MOST = 1000
"""How often existing objects are excluded before everything is collected once, which may take 0.1 s."""

_times = iter(range(_MOST))


@contextmanager
def paused() -> Iterator[None]:
    """Pause the collector while the block builds thousands of values. Several threads may do so at a time."""
    if not _under_way:
        gc.collect(1)  # the cycles of the last moments would be excluded with the rest
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
    """Exclude everything that the program has loaded by now: it stays for as long as the program runs."""
    gc.collect()
    gc.freeze()


def collect_new() -> None:
    """Collect what was made since the last pause: some milliseconds."""
    gc.collect()
    gc.freeze()


def collect_all() -> None:
    """Collect everything once, including excluded objects. This stops all threads: 0.1 s for each 100 MB.

    An error that passed through a coroutine is in a cycle with its frames, and these refer to the lock in question.
    If the cycle were excluded from later collections, the lock would stay in memory.
    """
    gc.unfreeze()
    gc.collect()
    gc.freeze()


def _leave_out() -> None:
    global _times  # noqa: PLW0603  # the collector is global, too
    if next(_times, None) is None:
        _times = iter(range(_MOST))
        gc.unfreeze()
        gc.collect()
    gc.freeze()
