"""Requests of pipelines that wait: for a turn of the reactor, or until the client has read the responses before.

Twisted answers all requests that came in one piece before it looks at any other connection. Two kilobytes of a client
have a hundred requests, and each turn of the reactor may bring 64 KiB from each connection.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice

from attrs import define
from twisted.internet.interfaces import IDelayedCall, IPushProducer, IReactorTime
from zope.interface import implementer

__all__ = ["Turns", "WaitingForReader"]

_AT_A_TIME = 4
"""Requests of pipelines that are answered in one turn of the reactor, of all connections together."""


class Turns:
    """The requests that wait for a turn of the reactor. Each connection has one of them at most.

    :param clock: has the turns.
    """

    def __init__(self, clock: IReactorTime) -> None:
        self._clock = clock
        self._waiting: dict[object, Callable[[], None]] = {}
        self._next: IDelayedCall | None = None

    def wait(self, request: object, answer: Callable[[], None]) -> None:
        """Answer a request when it is its turn."""
        self._waiting[request] = answer
        self._schedule()

    def leave(self, request: object) -> None:
        """Forget a request, whose client is gone. One that does not wait is ignored."""
        self._waiting.pop(request, None)
        if self._next is not None and not self._waiting:
            self._next.cancel()
            self._next = None

    def _schedule(self) -> None:
        if self._waiting and self._next is None:
            self._next = self._clock.callLater(0, self._run)

    def _run(self) -> None:
        self._next = None
        try:
            for request in list(islice(self._waiting, _AT_A_TIME)):
                answer = self._waiting.pop(request, None)
                if answer is not None:
                    answer()
        finally:
            self._schedule()


@implementer(IPushProducer)
@define
class WaitingForReader:
    """A request that waits until the client has read the responses before it."""

    resumeProducing: Callable[[], None]

    def pauseProducing(self) -> None:
        """Do nothing: it is waiting already."""

    def stopProducing(self) -> None:
        """Do nothing: the request itself is notified that the client is gone."""
