"""An object store that does not answer: for a moment nobody else waits for it.

Each call to a store that is away takes its whole time-out. Were they all made, the threads would be taken and every
client wait for many of them. So whoever finds it away says so; until it answers again, one call at a time tries, and
the others are told at once.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock

from reqpi.core.errors import StoreTrouble
from reqpi.storage.objects.errors import ErrorKind, kind_of

__all__ = ["StoreCircuitBreaker"]

_PAUSE = 1.0
"""Seconds between two tries."""

_UNANSWERED = (ErrorKind.UNREACHED, ErrorKind.NO_CREDENTIALS)
"""Credentials that are not to be had take their time-out as well, and every call needs them."""


class StoreCircuitBreaker:
    """Whether a store answered when it was asked last. Threads may share one.

    :param monotonic: seconds that never go back.
    """

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._lock = Lock()
        self._since: float | None = None
        self._trying = False

    @contextmanager
    def asking(self) -> Iterator[None]:
        """Around each call.

        :raises reqpi.core.errors.StoreTrouble: it was away a moment ago, and another call finds out whether it is back.
        """
        tries = self._let_in()
        answered = False
        try:
            yield
            answered = True
        except BaseException as error:
            answered = kind_of(error) not in _UNANSWERED
            raise
        finally:
            self._ended(tries, answered)

    def _let_in(self) -> bool:
        """Whether this call finds out if the store is back."""
        with self._lock:
            if self._since is None:
                return False
            if self._trying or self._monotonic() - self._since < _PAUSE:
                raise StoreTrouble("the store cannot be reached", "It did not answer a moment ago. Ask again.")
            self._trying = True
            return True

    def _ended(self, tried: bool, answered: bool) -> None:
        with self._lock:
            if tried:
                self._trying = False
            if not answered:
                self._since = self._monotonic()
            elif tried:
                # An answer to a call that began before the store went away says nothing of now.
                self._since = None
