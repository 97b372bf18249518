"""Hosts that take no connection: for a while nobody else waits for them.

One that is not there costs who asks first the time of a connection. Until it is tried again all others are told at
once, and so a server whose upstream is dead stays quick. A host that takes a connection is not silent, even if it
answers with errors or lets one request wait.
"""

from __future__ import annotations

import math
from urllib.parse import urlsplit

from attrs import frozen
from twisted.internet.error import NoRouteError, TCPTimedOutError, TimeoutError
from twisted.internet.interfaces import IReactorTime

from reqpi.core.errors import HostAway
from reqpi.runtime.lru import LruCache
from reqpi.upstream.allowed.urls import host_of

__all__ = ["UNREACHED", "HostCircuitBreaker"]

UNREACHED = (TimeoutError, TCPTimedOutError, NoRouteError)
"""What costs a client time. A connection that is refused costs none, and may be there in the next moment."""

_FIRST = 10.0
"""Seconds until a host that did not answer is tried again; twice as many each time, up to :data:`_LONGEST`."""

_LONGEST = 60.0

_TRIAL = 30.0
"""Seconds for which one request tries, and no other."""

_HOSTS = 1000
"""Hosts that are remembered: locks may name any that the operator allows."""


@frozen
class _Silence:
    """How long nobody asks.

    :param until: when to try again.
    :param lasts: seconds, the next time.
    """

    until: float
    lasts: float


class HostCircuitBreaker:
    """The hosts that took no connection when they were asked last, each with its port.

    :param clock: what waiting is counted on.
    """

    def __init__(self, clock: IReactorTime) -> None:
        self._clock = clock
        self._hosts: LruCache[str, _Silence] = LruCache(_HOSTS)

    def check(self, url: str) -> None:
        """Nothing, or the reason not to ask. Whoever comes when it is time to try again is the one who tries.

        :raises reqpi.core.errors.UpstreamTrouble: the host took no connection a moment ago.
        """
        silence = self._hosts.get(_key(url))
        if silence is None:
            return
        left = silence.until - self._clock.seconds()
        if left > 0:
            detail = f"It did not answer, and is asked again in {math.ceil(left)} s. What is in the store is served."
            raise HostAway(f"{host_of(url)} cannot be reached", detail, final=True)
        self._put(url, _Silence(self._clock.seconds() + _TRIAL, silence.lasts))

    def note(self, url: str) -> None:
        """It took no connection in time."""
        known = self._hosts.get(_key(url))
        lasts = _FIRST if known is None else known.lasts
        self._put(url, _Silence(self._clock.seconds() + lasts, min(2 * lasts, _LONGEST)))

    def forget(self, url: str) -> None:
        """It took a connection, or refused one, which costs no time."""
        self._hosts.drop(_key(url))

    def _put(self, url: str, silence: _Silence) -> None:
        self._hosts.put(_key(url), silence, 1)


def _key(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2].lower()}"
