"""The processor time that the fast path spends on counting, without sockets and without an access log.

``python benchmarks/bench_counting.py [ROUNDS]`` answers a page from memory, again and again, and alternates between the
fast path as it is and the same code without the lines that count. With the system calls of real sockets, which take
most of the time of a request, the part is smaller. It takes about half a minute.
"""

from __future__ import annotations

import inspect
import statistics
import sys
import textwrap
import time
from collections.abc import Callable
from typing import Any

from twisted.internet.address import IPv4Address
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.web.resource import Resource

from reqpi.runtime.counts import ServerCounts
from reqpi.shelf.commitments import Lease
from reqpi.web.http import fast_path
from reqpi.web.http.ready_answers import ANY_TYPE, ReadyAnswers
from reqpi.web.http.representation import Representation
from reqpi.web.http.site import BoundedSite

_REQUESTS = 4000
_TARGET = f"/{'a' * 64}/simple/six/six-1.0.tar.gz"
_REQUEST = f"GET {_TARGET} HTTP/1.1\r\nHost: index.example.org\r\nUser-Agent: pip/25.3\r\n\r\n".encode()
_COUNTING = ("count = found.count", "count.number += 1", "count.size += size")


class NullTransport(StringTransport):
    """A transport that forgets what is written."""

    written = 0

    def write(self, data: bytes) -> None:
        """Count the bytes, and forget them."""
        self.written += len(data)


def channel(clock: Any) -> Any:
    """Return a connection to a site that has the answer ready."""
    counts = ServerCounts()
    answers = ReadyAnswers(1 << 20, counts)
    answers.put(_TARGET.encode(), Lease(clock.seconds()), ANY_TYPE, Representation(b"x" * 2000, "text/plain"))
    site = BoundedSite(Resource(), clock, 1 << 16, answers, counts=counts)
    made: Any = site.buildProtocol(IPv4Address("TCP", "127.0.0.1", 1))
    made.makeConnection(NullTransport())
    return made


def without_counting() -> Callable[..., bool]:
    """Return the method that answers, without the lines that count."""
    lines = textwrap.dedent(inspect.getsource(fast_path.FastPathChannel._answered)).splitlines()
    kept = [line for line in lines if line.strip() not in _COUNTING]
    if len(kept) != len(lines) - len(_COUNTING):
        raise SystemExit("the lines that count are not the ones that this benchmark knows")
    scope: dict[str, Any] = {}
    exec(compile("\n".join(kept), fast_path.__file__, "exec"), vars(fast_path), scope)
    made: Callable[..., bool] = scope["_answered"]
    return made


def round_of(answered: Callable[[Any, bytes], bool], connection: Any) -> float:
    """Return the seconds of processor time for a request."""
    began = time.process_time()
    for _ in range(_REQUESTS):
        answered(connection, _REQUEST)
    return (time.process_time() - began) / _REQUESTS


def main(rounds: int) -> None:
    """Print both times, and the part that counting has."""
    clock = Clock()
    connection = channel(clock)
    ways = (fast_path.FastPathChannel._answered, without_counting())
    if not all(way(connection, _REQUEST) for way in ways):
        raise SystemExit("the fast path does not answer")
    times: tuple[list[float], list[float]] = ([], [])
    for number in range(2 * rounds):
        which = number % 2
        times[which].append(round_of(ways[which], connection))
    with_it, without = (statistics.median(each) for each in times)
    ratios = [one / other for one, other in zip(*times, strict=True)]
    print(f"counting:    {with_it * 1e6:.3f} us a request")
    print(f"no counting: {without * 1e6:.3f} us a request")
    print(f"counting takes {100 * (statistics.median(ratios) - 1):.1f} % more, median of {rounds} rounds")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100)
