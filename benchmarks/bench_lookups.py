"""A burst of connections while the resolver loses every tenth query, with shared lookups and without.

``python benchmarks/bench_lookups.py [ROUNDS]`` opens 61 connections at once to two names that resolve to loopback, as
the first build with a new lock does. The resolver is part of this program: an answer takes 20 ms, and a lost query
takes 5 s more, after which the system's resolver repeats it. In each round, every connection first looks its name up by
itself, in eight threads; then all connections use ``reqpi.upstream.allowed.resolver``. Each round starts with an empty
cache. It takes about a minute.
"""

from __future__ import annotations

import socket
import statistics
import sys
import time
from collections.abc import Callable
from threading import Lock
from typing import Any

from twisted.internet import reactor as _reactor
from twisted.internet._resolver import GAIResolver
from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.endpoints import TCP4ServerEndpoint
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.task import react
from twisted.python.threadpool import ThreadPool
from zope.interface import directlyProvides, providedBy

from reqpi.upstream.allowed.connect import GuardedReactor
from reqpi.upstream.allowed.hosts import Hosts
from reqpi.upstream.allowed.resolver import ResolverThreads

reactor: Any = _reactor

_CONNECTIONS = 61
_NAMES = ("index.example.org", "files.example.org")
_ANSWER = 0.02
_LOST = 5.0
_EVERY = 10
_PATIENCE = 60.0


class Resolver:
    """A substitute for the system's resolver, which blocks and loses every tenth query that it receives.

    :ivar queries: how many queries it received.
    """

    def __init__(self) -> None:
        self.queries = 0
        self._lock = Lock()

    def getaddrinfo(self, host: str, port: int, *_: object) -> list[Any]:
        """Return the address of loopback, immediately or as late as after a lost query."""
        with self._lock:
            self.queries += 1
            lost = self.queries % _EVERY == 0
        time.sleep(_LOST + _ANSWER if lost else _ANSWER)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]


class ByItself:
    """A substitute for the reactor, with which each connection looks its name up by itself in one of eight threads."""

    def __init__(self, resolver: Resolver) -> None:
        self._pool = ThreadPool(0, 8, "by itself")
        self._pool.start()
        self.nameResolver = GAIResolver(reactor, lambda: self._pool, resolver.getaddrinfo)
        directlyProvides(self, providedBy(reactor))
        reactor.addSystemEventTrigger("after", "shutdown", self._pool.stop)

    def __getattr__(self, name: str) -> Any:
        return getattr(reactor, name)


async def burst(network: Any, port: int) -> float:
    """Open all connections at once; return the seconds until the last one is established."""
    reach = GuardedReactor(network, Hosts.read([f"{name}:*" for name in _NAMES], "--allow-host"))
    began = time.perf_counter()
    opened = await gatherResults(
        reach.endpoint(_NAMES[number % len(_NAMES)], port, _PATIENCE).connect(Factory.forProtocol(Protocol))
        for number in range(_CONNECTIONS)
    )
    took = time.perf_counter() - began
    for protocol in opened:
        protocol.transport.abortConnection()
    return took


async def main(rounds: int) -> None:
    """Measure, and print the table."""
    port = await TCP4ServerEndpoint(reactor, 0, backlog=256, interface="127.0.0.1").listen(
        Factory.forProtocol(Protocol)
    )
    ways: dict[str, Callable[[Resolver], Any]] = {
        "each by itself": ByItself,
        "shared and kept": lambda resolver: ResolverThreads(reactor, resolver.getaddrinfo),
    }
    resolvers = {name: Resolver() for name in ways}
    took: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, way in ways.items():
            took[name].append(await burst(way(resolvers[name]), port.getHost().port))
    print(f"{'':24}{'median s':>10}{'min':>8}{'max':>8}{'queries':>9}")
    for name, seconds in took.items():
        print(
            f"{name:24}{statistics.median(seconds):10.3f}{min(seconds):8.3f}{max(seconds):8.3f}"
            f"{resolvers[name].queries / rounds:9.1f}"
        )
    alone, shared = (statistics.median(seconds) for seconds in took.values())
    print(f"ratio of shared to each by itself: {shared / alone:.3f}")
    await port.stopListening()


if __name__ == "__main__":
    react(lambda _: Deferred.fromCoroutine(main(int(sys.argv[1]) if len(sys.argv) > 1 else 10)))
