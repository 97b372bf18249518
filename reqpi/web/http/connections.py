"""The open connections of a site: how many there may be, in total and of one client.

Where there is no room for a new one, an idle one is closed: a client whose connection is closed between two requests
opens another. If all are in use, the new one is answered with 503.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, cast

from twisted.internet.interfaces import IReactorTime
from twisted.internet.protocol import Protocol as Connection
from twisted.internet.protocol import connectionDone
from twisted.python.failure import Failure

from reqpi.core.limits.limit import Limit
from reqpi.core.limits.networks import network_of
from reqpi.web.http.problems import BUSY, Problem
from reqpi.web.http.refusal import LINGER

__all__ = ["Connections", "CutConnection", "OpenConnection", "RefusedConnection"]

_LOOKS = 256
"""Connections that are looked at for an idle one, at most: all of ten thousand would take milliseconds each time."""

_MOST_REFUSED = 128
"""Connections beyond the limit that are open until the client has read 503. Further ones are closed at once."""


_NO_ADDRESS = "-"
"""The host of a Unix socket: a proxy, which has the connections of all clients."""


class OpenConnection(Protocol):
    """A connection of a client.

    :ivar served: number of requests so far.
    """

    served: int

    @property
    def is_idle(self) -> bool:
        """Whether no request is being received or answered, and the client has read all responses."""

    def hang_up(self) -> None:
        """Close it, after what was written."""


class _Pool:
    """Open connections, at most so many.

    :param most: 0 for any number.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        # Each with the number of its requests when it was last looked at; first the one that was so for longest.
        self._open: dict[OpenConnection, int] = {}

    def __len__(self) -> int:
        return len(self._open)

    def add(self, connection: OpenConnection) -> None:
        self._open[connection] = connection.served

    def remove(self, connection: OpenConnection) -> None:
        self._open.pop(connection, None)

    def is_full(self) -> bool:
        return 0 < self._most <= len(self._open)

    def idle_one(self) -> OpenConnection | None:
        """Return a connection that is idle and was not used since the last look; ``None`` if none is found soon."""
        for _ in range(min(_LOOKS, len(self._open))):
            connection = next(iter(self._open))
            served = self._open.pop(connection)
            self._open[connection] = connection.served
            if connection.is_idle and connection.served == served:
                return connection
        return None


class Connections:
    """The connections of a site.

    :param most: connections at most; 0 for any number.
    :param most_of_client: those of one network address, at most; 0 for any number, as behind a proxy.
    """

    def __init__(self, most: int = 0, most_of_client: int = 0) -> None:
        self.most = most
        self.most_of_client = most_of_client
        self.refused_open = 0
        self._all = _Pool(most)
        self._of_clients: dict[str, _Pool] = {}

    def __len__(self) -> int:
        return len(self._all)

    @property
    def clients(self) -> int:
        """Network addresses that have connections."""
        return len(self._of_clients)

    def reached(self, host: str) -> Limit | None:
        """Return the limit that one more connection of this host exceeds, if no idle one can be closed for it."""
        own = self._of_clients.get(network_of(host))
        if own is not None and not self._has_room(own):
            return Limit.CLIENT_CONNECTIONS
        return None if self._has_room(self._all) else Limit.CONNECTIONS

    @property
    def may_answer_refused(self) -> bool:
        """Whether one more client may be told that there is no room."""
        return self.refused_open < _MOST_REFUSED

    def opened(self, connection: OpenConnection, host: str) -> None:
        """Count a connection."""
        self._all.add(connection)
        if self.most_of_client and host != _NO_ADDRESS:
            self._of_clients.setdefault(network_of(host), _Pool(self.most_of_client)).add(connection)

    def closed(self, connection: OpenConnection, host: str) -> None:
        """Count it no longer. Doing this again does nothing."""
        self._all.remove(connection)
        client = network_of(host)
        own = self._of_clients.get(client)
        if own is not None:
            own.remove(connection)
            if not own:
                del self._of_clients[client]

    def _has_room(self, pool: _Pool) -> bool:
        if not pool.is_full():
            return True
        idle: Any = pool.idle_one()
        if idle is None:
            return False
        self.closed(idle, idle.peer)
        idle.hang_up()
        return True


class RefusedConnection(Connection):
    """A connection for which there is no room: it gets 503, whatever it sends.

    :param answer: returns the response for a problem.
    """

    def __init__(
        self, connections: Connections, clock: IReactorTime, limit: Limit, answer: Callable[[Problem], bytes]
    ) -> None:
        self._connections = connections
        self._clock = clock
        self._limit = limit
        self._answer = answer
        self._cut: Any = None

    def connectionMade(self) -> None:
        """Send the response, and close the connection soon: at once, the client might see a reset instead."""
        self._connections.refused_open += 1
        transport = cast(Any, self.transport)
        transport.write(self._answer(_no_room(self._limit)))
        self._cut = self._clock.callLater(LINGER, transport.abortConnection)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Forget it."""
        self._connections.refused_open -= 1
        if self._cut.active():
            self._cut.cancel()


class CutConnection(Connection):
    """A connection for which there is not even room to say so.

    A factory may return no protocol instead, but Twisted's TLS then fails, and leaves the connection open.
    """

    def connectionMade(self) -> None:
        """Close it."""
        cast(Any, self.transport).abortConnection()


def _no_room(limit: Limit) -> Problem:
    whose = "of this client " if limit is Limit.CLIENT_CONNECTIONS else ""
    detail = "Try again, or with fewer connections at a time."
    return Problem(BUSY, f"too many connections {whose}are open", detail, {"limit": str(limit)}, {"Retry-After": "2"})
