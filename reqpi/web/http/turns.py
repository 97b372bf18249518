"""Requests of pipelines that wait: for a turn of the reactor, or until the client has read the responses before.

Twisted answers all requests that came in one piece before it looks at any other connection. Two kilobytes of a client
have a hundred requests, and each turn of the reactor may bring 64 KiB from each connection.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice

from attrs import define
from twisted.internet.interfaces import IPushProducer
from zope.interface import implementer

__all__ = ["Turns", "WaitingForReader"]

_AT_A_TIME = 4
"""Requests of pipelines that are answered in one turn of the reactor, of all connections together."""


class Turns:
    """The requests that wait for a turn of the reactor. Each connection has one of them at most."""

    def __init__(self) -> None:
        self._waiting: dict[object, Callable[[], None]] = {}
        self._running = False

    def wait(self, request: object, answer: Callable[[], None]) -> None:
        """Answer a request when it is its turn."""
        self._waiting[request] = answer
        if not self._running:
            self._running = True
            self._later()

    def leave(self, request: object) -> None:
        """Forget a request, whose client is gone. One that does not wait is ignored."""
        self._waiting.pop(request, None)

    def _later(self) -> None:
        from twisted.internet import reactor  # noqa: PLC0415 - it must not be installed by an import

        reactor.callLater(0, self._run)

    def _run(self) -> None:
        try:
            for request in list(islice(self._waiting, _AT_A_TIME)):
                answer = self._waiting.pop(request, None)
                if answer is not None:
                    answer()
        finally:
            self._running = bool(self._waiting)
            if self._running:
                self._later()


@implementer(IPushProducer)
@define
class WaitingForReader:
    """A request that waits until the client has read the responses before it."""

    resumeProducing: Callable[[], None]

    def pauseProducing(self) -> None:
        """Do nothing: it is waiting already."""

    def stopProducing(self) -> None:
        """Do nothing: the request itself is notified that the client is gone."""
