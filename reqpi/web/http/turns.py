"""Turns of requests: how many begin in one turn of the reactor, and which of those that wait is next.

Twisted answers everything that has arrived before it looks at any other connection: all requests of a pipeline, and the
first request of each connection that can be read. One request takes up to 1 ms, two kilobytes have a hundred of them,
and a client may have hundreds of connections. So a turn of the reactor begins few requests. The others wait, and are
served client by client: a client delays another one by one of its requests, not by all.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

from attrs import define
from twisted.internet.interfaces import IDelayedCall, IPushProducer, IReactorTime
from zope.interface import implementer

__all__ = ["AT_A_TIME", "Turns", "WaitingForReader"]

AT_A_TIME = 12
"""Requests that begin in one turn of the reactor, of all connections together, except for those of the fast path.

They take some 10 ms. With four, an install under many attacks at once waited for turns that were full of other work.
"""

_Answer = Callable[[], None]


class Turns:
    """The requests that wait for a turn of the reactor. Each connection has one of them at most.

    :param clock: has the turns.
    """

    def __init__(self, clock: IReactorTime) -> None:
        self._clock = clock
        self._left = AT_A_TIME
        self._waiting: OrderedDict[str, dict[object, _Answer]] = OrderedDict()
        self._next: IDelayedCall | None = None

    def may_begin(self) -> bool:
        """Take a place in this turn, if one is left for a request that arrives; return whether there was one.

        Places that are not taken stay for the turns that follow, so a timer is needed for few requests only.
        """
        if not self._left or self._waiting:
            return False
        self._take()
        return True

    def wait(self, client: str, request: object, answer: _Answer) -> None:
        """Answer a request of a client when it is its turn."""
        self._waiting.setdefault(client, {})[request] = answer
        self._schedule()

    def leave(self, client: str, request: object) -> None:
        """Forget a request, whose client is gone. One that does not wait is ignored."""
        mine = self._waiting.get(client, {})
        if mine.pop(request, None) is not None and not mine:
            del self._waiting[client]
        if self._next is not None and self._left and not self._waiting:
            self._next.cancel()
            self._next = None

    def _take(self) -> None:
        self._left -= 1
        if not self._left:
            self._schedule()

    def _schedule(self) -> None:
        if self._next is None:
            self._next = self._clock.callLater(0, self._run)

    def _run(self) -> None:
        self._next = None
        self._left = AT_A_TIME
        try:
            while self._left and self._waiting:
                self._take()
                self._pop()()
        finally:
            if self._waiting:
                self._schedule()

    def _pop(self) -> _Answer:
        """Remove and return the first request of the client that has waited longest for a turn."""
        client, mine = self._waiting.popitem(last=False)
        answer = mine.pop(next(iter(mine)))
        if mine:
            self._waiting[client] = mine  # behind all others
        return answer


@implementer(IPushProducer)
@define
class WaitingForReader:
    """A request that waits until the client has read the responses before it."""

    resumeProducing: Callable[[], None]

    def pauseProducing(self) -> None:
        """Do nothing: it is waiting already."""

    def stopProducing(self) -> None:
        """Do nothing: the request itself is notified that the client is gone."""
