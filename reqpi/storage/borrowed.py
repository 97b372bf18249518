"""Something that has to be let go exactly once, though a thread may be in the midst of using it.

A caller that waits for a thread may be cancelled while the thread goes on. Were a descriptor closed then, its number
could be another file's by the time the thread uses it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Generic, TypeVar

__all__ = ["Borrowed"]

T = TypeVar("T")


class Borrowed(Generic[T]):
    """A thing, let go by :meth:`close` or when it is forgotten, but never while it is borrowed.

    :param thing: a file descriptor, say.
    :param let_go: called with it, once, by whoever is done last.
    """

    def __init__(self, thing: T, let_go: Callable[[T], object]) -> None:
        self._thing = thing
        self._let_go = let_go
        self._lock = Lock()
        self._borrowers = 0
        self._closed = False
        self._gone = False

    @contextmanager
    def borrow(self) -> Iterator[T]:
        """The thing, which stays for as long as the block runs.

        :raises ValueError: it was closed before.
        """
        with self._lock:
            if self._closed:
                raise ValueError("it was let go before")
            self._borrowers += 1
        try:
            yield self._thing
        finally:
            with self._lock:
                self._borrowers -= 1
            self._settle()

    def close(self) -> None:
        """Let it go, now or as soon as nobody borrows it. Repeating does nothing."""
        self._closed = True
        self._settle()

    def __del__(self) -> None:
        self.close()

    def _settle(self) -> None:
        with self._lock:
            due = self._closed and not self._borrowers and not self._gone
            self._gone = self._gone or due
        if due:
            self._let_go(self._thing)
