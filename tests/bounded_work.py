"""Hostile input that is read soon, or else takes hours."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from time import thread_time

__all__ = ["bounded_work"]

_LIMIT = 120.0


@contextmanager
def bounded_work() -> Iterator[None]:
    """Fail if the block took two minutes of this thread's CPU time.

    It needs a second or less. The bound is that far away because a slow machine or a measurement of coverage is no
    defect; a text that takes hours is ended by ``faulthandler_timeout``.
    """
    began = thread_time()
    yield
    took = thread_time() - began
    assert took < _LIMIT, f"it took {took:.0f} s"
