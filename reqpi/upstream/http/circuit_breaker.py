"""The circuit breaker for hosts that accept no connection.

The first request to an unreachable host waits for the connection timeout. Until the host is tried again, all other
requests fail at once, so a server whose upstream is dead stays fast. A host that accepts connections does not trip the
breaker, even if it answers with errors or keeps one request waiting.
"""

from __future__ import annotations

import math
from urllib.parse import urlsplit

from twisted.internet.error import NoRouteError, TCPTimedOutError, TimeoutError
from twisted.internet.interfaces import IReactorTime

from reqpi.core.errors import HostUnreachable
from reqpi.runtime.circuit_breaker import CircuitBreaker, CircuitOpen
from reqpi.runtime.lru import LruCache
from reqpi.upstream.allowed.urls import host_of

__all__ = ["UNREACHED", "HostCircuitBreaker"]

UNREACHED = (TimeoutError, TCPTimedOutError, NoRouteError)
"""The failures that cost a client time. A refused connection costs none, and may be accepted a moment later."""

_PAUSES = (10.0, 20.0, 40.0, 60.0)
"""Seconds until an unreachable host is tried again, after each failure."""

_TRIAL = 30.0
"""Seconds during which one request tries the host, and no other does."""

_HOSTS = 1000
"""The most hosts to remember: locks may name any that the operator allows."""


class HostCircuitBreaker:
    """The hosts that accepted no connection the last time, each with its port.

    :param clock: for the waiting times.
    """

    def __init__(self, clock: IReactorTime) -> None:
        self._clock = clock
        self._hosts: LruCache[str, CircuitBreaker] = LruCache(_HOSTS)

    def check(self, url: str) -> None:
        """Raise if the host is not to be asked now. The first caller after the waiting time tries it again.

        :raises reqpi.core.errors.UpstreamTrouble: the host accepted no connection a short time ago.
        """
        breaker = self._hosts.get(_key(url))
        if breaker is None:
            return
        try:
            breaker.enter()
        except CircuitOpen as refused:
            wait = math.ceil(refused.left)
            detail = f"It did not answer, and is asked again in {wait} s. Anything in the store is still served."
            raise HostUnreachable(f"{host_of(url)} cannot be reached", detail, final=True) from None

    def note(self, url: str) -> None:
        """Note that the host accepted no connection in time."""
        breaker = self._hosts.get(_key(url)) or CircuitBreaker(self._clock.seconds, _PAUSES, _TRIAL)
        breaker.failed(trial=True)  # each attempt makes a connection: its outcome is as new as that of the trial
        self._hosts.put(_key(url), breaker, 1)

    def forget(self, url: str) -> None:
        """Note that the host accepted a connection, or refused one, which costs no time."""
        self._hosts.drop(_key(url))


def _key(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2].lower()}"
