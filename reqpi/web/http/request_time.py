"""The time that a client has for a request: for its head, and then for its body.

Twisted has a time for silence only, which never ends if a client sends a byte now and then.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from twisted.internet.interfaces import IReactorTime

from reqpi.core.limits.limit import Limit
from reqpi.web.http.problems import REQUEST_TIMEOUT, Problem

__all__ = ["RequestTime", "too_slow"]


class RequestTime:
    """The time of the request that one connection receives.

    :param seconds: by the part of the request; 0 for any time.
    :param over: is called when it is over.
    """

    def __init__(self, clock: IReactorTime, seconds: Mapping[Limit, float], over: Callable[[Limit], None]) -> None:
        self._clock = clock
        self._seconds = seconds
        self._over = over
        self._part: Limit | None = None
        self._due: Any = None

    def receives(self, part: Limit | None) -> None:
        """Note which part of a request is being received.

        :param part: ``None``: none is.
        """
        if part is self._part:
            return
        self._part = part
        due, self._due = self._due, None
        if due is not None and due.active():
            due.cancel()
        seconds = 0 if part is None else self._seconds.get(part, 0)
        if seconds:
            self._due = self._clock.callLater(seconds, self._over, part)

    def end(self) -> None:
        """Note that nothing is received any more, and forget the connection, so that the two are no cycle."""
        self.receives(None)
        self._over = _nothing


def _nothing(_: Limit) -> None:
    """Do nothing: the connection is closed."""


def too_slow(part: Limit) -> Problem:
    """Return the problem of a request that took too long to arrive."""
    name = "head" if part is Limit.HEAD_TIME else "body"
    detail = f"Send it faster. The operator can allow more time with --{name}-timeout."
    return Problem(REQUEST_TIMEOUT, f"the {name} of the request took too long", detail, {"limit": str(part)})
