"""Turns of bodies: how many pieces of them are received at a time, and from which connection the next one comes.

Twisted reads up to 64 KiB from each connection that has something before it looks at any connection again. A few
hundred clients that send bodies as fast as they can would fill every turn of the reactor, also those whose requests are
refused already: the rest of a body is received and dropped for some seconds, because a client that is cut while it
sends may never see why. So a connection that had its share is not read until its next turn, and its client waits.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

from twisted.internet.interfaces import IDelayedCall, IReactorTime

__all__ = ["AT_A_TIME", "EVERY", "BodyTurns"]

AT_A_TIME = 8
"""Pieces that are received in :data:`EVERY` seconds, of all connections together."""

EVERY = 0.01
"""Seconds. A client alone can send some 50 MB a second, and 13 MB with TLS, whose pieces have at most 16 KiB."""


class BodyTurns:
    """The connections that send bodies. Clients take turns, and the connections of each.

    :param clock: has the turns.
    """

    def __init__(self, clock: IReactorTime) -> None:
        self._clock = clock
        self._left, self._since = AT_A_TIME, clock.seconds()
        self._waiting: OrderedDict[str, dict[Any, None]] = OrderedDict()
        self._next: IDelayedCall | None = None

    def received(self, client: str, transport: Any) -> None:
        """Count a piece that a connection has sent. If there were many, do not read from it before its next turn."""
        now = self._clock.seconds()
        if now - self._since >= EVERY and not self._waiting:
            self._left, self._since = AT_A_TIME, now
        if self._left and not self._waiting:
            self._left -= 1
            return
        transport.pauseProducing()
        self._waiting.setdefault(client, {})[transport] = None
        if self._next is None:
            self._next = self._clock.callLater(EVERY, self._run)

    def leave(self, client: str, transport: Any) -> None:
        """Forget a connection that is gone. One that does not wait is ignored."""
        mine = self._waiting.get(client, {})
        if transport in mine:
            del mine[transport]
            if not mine:
                del self._waiting[client]
        if self._next is not None and not self._waiting:
            self._next.cancel()
            self._next = None

    def _run(self) -> None:
        self._next = None
        self._left, self._since = AT_A_TIME, self._clock.seconds()
        for _ in range(AT_A_TIME):
            if self._waiting:
                self._pop().resumeProducing()
        if self._waiting:
            self._next = self._clock.callLater(EVERY, self._run)

    def _pop(self) -> Any:
        """Remove and return a connection of the client that has waited longest for a turn."""
        client, mine = self._waiting.popitem(last=False)
        transport = next(iter(mine))
        del mine[transport]
        if mine:
            self._waiting[client] = mine  # behind all others
        return transport
