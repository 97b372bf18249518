"""The rates at which one client may send requests: 429, and when to try again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from math import ceil
from urllib.parse import unquote_to_bytes

from reqpi.core.limits.limit import Limit
from reqpi.core.limits.networks import client_address, network_of
from reqpi.core.limits.rates import Bucket, Rate
from reqpi.runtime.lru import LruCache
from reqpi.runtime.on_behalf import WITH_TOKEN
from reqpi.web.http.problems import TOO_MANY_REQUESTS, Problem

__all__ = ["RateLimits", "limits_on", "too_many"]

_BUCKETS = 20_000
"""Buckets that are kept, at most: about 10 MB. A client that was not seen for longest begins again with a full one."""


class RateLimits:
    """The rates of a site, and the bucket of each client for each of them.

    :param rates: a limit that is missing does not hold.
    :param now: returns the time, in seconds.
    :param trust_proxy: believe ``X-Forwarded-For``: the operator's own proxy sets it.
    """

    def __init__(self, rates: Mapping[Limit, Rate], now: Callable[[], float], *, trust_proxy: bool = False) -> None:
        self.now = now
        self._rates = rates
        self._trust_proxy = trust_proxy
        self._buckets: LruCache[tuple[Limit, str], Bucket] = LruCache(_BUCKETS)

    def client(self, account: str, peer: str, forwarded: str) -> str:
        """Return the text that identifies a client.

        :param account: that of its token; empty if it has none.
        :param peer: the address at the other end of the connection.
        :param forwarded: its ``X-Forwarded-For``.
        """
        if account:
            return f"{WITH_TOKEN}{account}"
        return network_of(client_address(peer, forwarded, trusted=self._trust_proxy))

    @property
    def remembered(self) -> int:
        """Buckets that are kept."""
        return self._buckets.weight

    def bucket(self, limit: Limit, client: str) -> Bucket | None:
        """Return the bucket of a client; ``None`` if the limit does not hold."""
        rate = self._rates.get(limit)
        if rate is None:
            return None
        bucket = self._buckets.get((limit, client))
        if bucket is None:
            bucket = Bucket(rate)
            self._buckets.put((limit, client), bucket, 1)
        return bucket

    def reached(self, method: bytes, target: bytes, client: str) -> tuple[Limit, float] | None:
        """Count a request; return the limit that it has reached, and the seconds to wait. ``None`` if there is none."""
        now = self.now()
        for limit in limits_on(method, target):
            bucket = self.bucket(limit, client)
            if bucket is not None and not bucket.take(now):
                return limit, bucket.wait(now)
        return None


def limits_on(method: bytes, target: bytes) -> Iterator[Limit]:
    """Yield the limits on a request, however its target is spelled."""
    yield Limit.REQUESTS
    if method != b"POST":
        return
    path, _, query = target.partition(b"?")
    segments = [segment for segment in unquote_to_bytes(path).split(b"/") if segment] or [b""]
    if segments[-1] == b"locks":
        yield Limit.COMMITS
        if b"hold" in unquote_to_bytes(query):
            yield Limit.HOLDS
    elif segments[-1] == b"hold":
        yield Limit.HOLDS
    elif segments[-1] in (b"learn", b"runs"):
        yield Limit.SESSIONS


def too_many(limit: Limit, wait: float) -> Problem:
    """Return the problem of a client that has reached a limit.

    :param wait: seconds until it may try again.
    """
    seconds = max(1, ceil(wait))
    detail = f"Try again in {seconds} s. The operator can allow more with --limit-{limit}."
    return Problem(
        TOO_MANY_REQUESTS,
        f"too many {limit}",
        detail,
        {"limit": str(limit)},
        {"Retry-After": str(seconds)},
    )
