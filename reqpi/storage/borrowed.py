"""A resource that has to be released exactly once, although a thread may still be using it.

A caller that waits for a thread may be cancelled while the thread goes on. If a descriptor were closed then, its number
could belong to another file by the time the thread uses it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Generic, TypeVar

__all__ = ["Borrowed"]

T = TypeVar("T")


class Borrowed(Generic[T]):
    """A resource, released by :meth:`close` or on garbage collection, but never while it is borrowed.

    :param resource: the resource, such as a file descriptor.
    :param release: releases it; called once, by its last user.
    """

    def __init__(self, resource: T, release: Callable[[T], object]) -> None:
        self._resource = resource
        self._release = release
        self._lock = Lock()
        self._borrowers = 0
        self._closed = False
        self._released = False

    @contextmanager
    def borrow(self) -> Iterator[T]:
        """Lend the resource, which is not released while the block runs.

        :raises ValueError: it is closed.
        """
        with self._lock:
            if self._closed:
                raise ValueError("it is closed")
            self._borrowers += 1
        try:
            yield self._resource
        finally:
            with self._lock:
                self._borrowers -= 1
            self._settle()

    def close(self) -> None:
        """Release it, now or as soon as no one borrows it. Repeating does nothing."""
        self._closed = True
        self._settle()

    def __del__(self) -> None:
        self.close()

    def _settle(self) -> None:
        with self._lock:
            due = self._closed and not self._borrowers and not self._released
            self._released = self._released or due
        if due:
            self._release(self._resource)
