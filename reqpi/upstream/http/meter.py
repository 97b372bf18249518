"""The requests to upstreams, counted by host. Only hosts that the operator named are shown by name.

A page, a lock or a redirect can name any other host, and could put a secret into it, or make up a new one each time.
"""

from __future__ import annotations

from twisted.internet.interfaces import IReactorTime

from reqpi.runtime.counts import OTHER, ServerCounts
from reqpi.upstream.allowed.hosts import USUAL, Hosts, host_and_port

__all__ = ["UpstreamMeter"]

_MOST = 100
"""Hosts that are shown by name; the others are counted together."""

_NONE = "none"


class UpstreamMeter:
    """Counts the requests of one client.

    :param counts: the numbers.
    :param clock: the time of day.
    :param named: the hosts that the operator has named.
    """

    def __init__(self, counts: ServerCounts, clock: IReactorTime, named: Hosts) -> None:
        self._counts = counts
        self._clock = clock
        self._named = named

    def expect(self, url: str) -> None:
        """Show the host of a URL before it is asked."""
        self._counts.host(self._label(url))

    def began(self) -> float:
        """Return the present time, for :meth:`ended`."""
        return self._clock.seconds()

    def ended(self, url: str, began: float, status: int | None) -> None:
        """Count a request.

        :param began: when it was sent.
        :param status: that of the response; ``None`` if there was no response.
        """
        now = self._clock.seconds()
        host = self._counts.host(self._label(url))
        answer = _NONE if status is None else f"{status // 100}xx" if 200 <= status < 600 else OTHER
        host.answers[answer] = host.answers.get(answer, 0) + 1
        host.is_up = answer not in (_NONE, "5xx")
        if status is not None:
            host.answered_at = now
            host.seconds.observe(now - began)

    def _label(self, url: str) -> str:
        try:
            host, port = host_and_port(url)
        except ValueError:
            return OTHER
        if not self._named.has(host, port):
            return OTHER
        label = host if port in USUAL.values() or self._named.has(host, 0) else f"{host}:{port}"
        known = label in self._counts.hosts or len(self._counts.hosts) < _MOST
        return label if known else OTHER
