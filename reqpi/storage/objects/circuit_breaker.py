"""The circuit breaker for an object store that does not answer.

Each call to an unreachable store takes its whole timeout. If all calls were made, they would occupy the threads, and
every client would wait for many of them. So the first call that gets no answer opens the breaker; until the store
answers again, one call at a time tries, and the others fail at once.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from reqpi.core.errors import StoreTrouble
from reqpi.runtime.circuit_breaker import CircuitBreaker, CircuitOpen
from reqpi.storage.objects.errors import ErrorKind, kind_of

__all__ = ["StoreCircuitBreaker"]

_PAUSE = 1.0
"""Seconds between two attempts."""

_UNANSWERED = (ErrorKind.UNREACHED, ErrorKind.NO_CREDENTIALS)
"""Credentials that are not available take their timeout as well, and every call needs them."""


class StoreCircuitBreaker:
    """The circuit breaker of one store. Threads may share one.

    :param monotonic: a clock in seconds that never goes back.
    """

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._breaker = CircuitBreaker(monotonic, (_PAUSE,))

    @contextmanager
    def asking(self) -> Iterator[None]:
        """Guard one call to the store.

        :raises reqpi.core.errors.StoreTrouble: the store did not answer less than a second ago, or another call is
            testing whether it answers again.
        """
        try:
            trial = self._breaker.enter()
        except CircuitOpen:
            raise StoreTrouble("the store cannot be reached", "It did not answer a moment ago. Try again.") from None
        answered = False
        try:
            yield
            answered = True
        except BaseException as error:
            answered = kind_of(error) not in _UNANSWERED
            raise
        finally:
            (self._breaker.answered if answered else self._breaker.failed)(trial=trial)
