"""A base for the tests of upstreams: upstreams on loopback, and an index that asks them."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any

from packaging.utils import canonicalize_name
from twisted.internet import reactor as _reactor
from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater
from twisted.internet.tcp import Client
from twisted.internet.threads import deferToThread
from twisted.trial.unittest import TestCase

from reqpi.core.errors import UpstreamTrouble
from reqpi.core.model import Page
from reqpi.upstream.allowed.connect import GuardedReactor
from reqpi.upstream.allowed.hosts import Hosts
from reqpi.upstream.allowed.operator import AllowedUpstreams
from reqpi.upstream.http.agent import PooledAgent
from reqpi.upstream.http.tls import TlsTrust
from reqpi.upstream.upstreams import Upstreams
from tests.fake_upstream import Distribution, Request, Style, Upstream
from tests.upstream.clock import Hasty
from tests.upstream.scripted import Scripted, Turn

__all__ = ["UpstreamCase"]

reactor: Any = _reactor


class UpstreamCase(TestCase):
    """One agent over the real reactor; a clock of the test's own.

    :ivar thing: the wheel on the upstream that was made last.
    """

    thing: Distribution

    timeout = 240

    def setUp(self) -> None:
        self.clock = Hasty()
        self.agent = self.an_agent()
        self.addCleanup(lambda: Deferred.fromCoroutine(self._settled()))

    def an_agent(self) -> PooledAgent:
        """An agent for every port of loopback."""
        loopback = Hosts.read(["127.0.0.1:*", "127.0.0.2:*", "localhost:*"], "--allow-host")
        return PooledAgent(reactor, GuardedReactor(reactor, loopback), TlsTrust())

    def upstream(self, style: Style | None = None, tls: bool = False) -> Upstream:
        """An index in good health, with one wheel of ``thing``."""
        upstream = Upstream(style, tls)
        self.addCleanup(upstream.close)
        self.thing = upstream.wheel("thing", "1.0")
        return upstream

    def scripted(self, *turns: Turn) -> Scripted:
        script = Scripted(*turns)
        self.addCleanup(lambda: Deferred.fromCoroutine(script.end()))
        return script

    def index(self, url: str) -> Upstreams:
        """One index, and no other."""
        return Upstreams(AllowedUpstreams(url), reactor, self.clock, self.agent)

    def page(self, url: str, project: str = "thing") -> Deferred[Page]:
        """Ask for a page."""
        return Deferred.fromCoroutine(self.index(url).page(canonicalize_name(project)))

    async def trouble(self, asked: Awaitable[object]) -> UpstreamTrouble:
        """What it fails with, which can be nothing else."""
        try:
            result = await asked
        except UpstreamTrouble as error:
            return error
        raise self.failureException(f"no trouble, but {result!r}")

    async def _settled(self) -> None:
        """Every connection of ours is closed: those in use are over, or cut by the clock."""
        self.clock.advance(60)
        await self.agent.close()
        while any(isinstance(each, Client) for each in reactor.getReaders() + reactor.getWriters()):
            await deferLater(reactor, 0)
        await self.agent.close()  # one that ended on the last moment was kept

    async def heard(self, upstream: Upstream, number: int, part: str = "") -> Request:
        """Wait until the upstream had so many requests."""
        request: Request = await deferToThread(upstream.wait_for, number, part)
        return request
