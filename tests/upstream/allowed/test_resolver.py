"""A name server that does not answer delays only those who ask it."""

from __future__ import annotations

import socket
import threading
from typing import Any

from twisted.internet import reactor as _reactor
from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.threads import deferToThread
from twisted.trial.unittest import TestCase

from reqpi.upstream.allowed import resolver as lookups
from reqpi.upstream.allowed.connect import GuardedReactor
from reqpi.upstream.allowed.hosts import Hosts
from reqpi.upstream.allowed.resolver import ResolverThreads

reactor: Any = _reactor


class LookupsTests(TestCase):
    """Names are looked up in threads of their own."""

    async def test_this_machine_is_found(self) -> None:
        """The resolver is the system's."""
        way = GuardedReactor(ResolverThreads(reactor), Hosts.read(["localhost"], "--allow-host"))
        self.assertIn("127.0.0.1", await way.addresses("localhost", 443))

    async def test_the_reactors_threads_are_free(self) -> None:
        """However many names are waited for: the store is read in those."""
        hanging, answered = threading.Semaphore(0), threading.Event()

        def getaddrinfo(*_: object) -> list[Any]:
            hanging.release()
            answered.wait(30)
            return []

        resolver = ResolverThreads(reactor, getaddrinfo)
        self.addCleanup(answered.set)
        way = GuardedReactor(resolver, Hosts.read([], "--allow-host"))
        count = reactor.getThreadPool().max + lookups._AT_ONCE
        asked = [Deferred.fromCoroutine(way.addresses(f"{number}.example", 443)) for number in range(count)]
        for _ in range(lookups._AT_ONCE):
            await deferToThread(hanging.acquire, timeout=30)
        self.assertEqual(await deferToThread(lambda: "free"), "free")
        answered.set()
        for one in asked:
            one.addErrback(lambda _: None)
            await one

    async def test_a_burst_of_connections_is_one_lookup(self) -> None:
        """One more connection soon after needs no lookup."""
        asked: list[str] = []

        def getaddrinfo(host: str, port: int, *_: object) -> list[Any]:
            asked.append(host)
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("8.8.8.8", port))]

        way = GuardedReactor(ResolverThreads(reactor, getaddrinfo), Hosts.read([], "--allow-host"))
        burst = [Deferred.fromCoroutine(way.addresses("index.example", 443)) for _ in range(60)]
        self.assertEqual(await gatherResults(burst), [["8.8.8.8"]] * 60)
        self.assertEqual(await way.addresses("index.example", 443), ["8.8.8.8"])
        self.assertEqual(asked, ["index.example"])
