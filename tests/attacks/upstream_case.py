"""Two upstreams: ``a`` is malicious, and ``b`` is on a private address and has a login."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from packaging.utils import canonicalize_name
from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater
from twisted.internet.tcp import Client

from reqpi.core.errors import UpstreamTrouble
from reqpi.core.model import Commitment
from reqpi.shelf.shelf import Shelf
from reqpi.storage.memory import MemoryStore
from reqpi.upstream.allowed.hosts import Hosts
from reqpi.upstream.allowed.operator import AllowedUpstreams
from reqpi.upstream.http.agent import PooledAgent
from reqpi.upstream.http.agents import Agents
from reqpi.upstream.upstreams import Upstreams
from tests.fake_upstream import Style, Upstream
from tests.fake_upstream.faults import Status
from tests.upstream.case import reactor
from tests.upstream.names import Names
from tests.upstream.sources import SourceCase

__all__ = ["TwoUpstreamsCase", "at", "with_login"]

THING = "thing-1.0-py3-none-any.whl"


def at(host: str, url: str) -> str:
    """Return ``url`` with the name of another host and its own port."""
    parts = urlsplit(url)
    return parts._replace(netloc=f"{host}:{parts.port}").geturl()


def with_login(url: str) -> str:
    """Return ``url`` with a login."""
    return url.replace("://", "://me:secret@")


class TwoUpstreamsCase(SourceCase):
    """The operator has both; both are on loopback, which only a host that the operator named may be."""

    project = canonicalize_name("thing")

    def setUp(self) -> None:
        super().setUp()
        self._agents: list[Agents | PooledAgent] = [self.agent]
        self.addCleanup(lambda: Deferred.fromCoroutine(self._idle()))
        self.a, self.b = self.upstream(), self.upstream()
        self.names = Names(reactor, {"a.example": ["127.0.0.1"], "b.example": ["127.0.0.1"]})
        self.a_url, self.b_url = at("a.example", self.a.url), at("b.example", self.b.url)
        self.b_file = at("b.example", self.b.file_url(self.thing))

    @property
    def digest(self) -> str:
        """The digest of the wheel, as a lock has it."""
        return f"sha256:{self.thing.sha256}"

    def allowed(self, **more: Any) -> AllowedUpstreams:
        """Return what the operator allows; ``more`` replaces it."""
        return AllowedUpstreams(**{"default": self.a_url, "upstreams": {"b": with_login(self.b_url)}, **more})

    def hosts(self, *urls: str) -> Hosts:
        """Return the hosts of these URLs."""
        return Hosts.read([urlsplit(url).netloc for url in urls], "--allow-host")

    def outside(self, **more: Any) -> Upstreams:
        upstreams = self.made(self.allowed(**more), self.names)
        self._agents.append(upstreams.agent)
        return upstreams

    async def _idle(self) -> None:
        """Wait until no connection is open. The rest of a redirect may still arrive after the test."""
        self.clock.advance(60)
        for agent in self._agents:
            await agent.close()
        while any(isinstance(each, Client) for each in reactor.getReaders() + reactor.getWriters()):
            await deferLater(reactor, 0.01)
            for agent in self._agents:
                await agent.close()

    def shelf(self, **more: Any) -> Shelf:
        """Return a server's shelf; ``more`` is for :class:`AllowedUpstreams`."""
        return Shelf(MemoryStore(self.clock.seconds), self.outside(**more), self.clock, "tests")

    async def committed(self, shelf: Shelf, *lines: str) -> Commitment:
        """Commit a lock of ``lines``; without any, one that pins the wheel with its digest."""
        lines = lines or (f"thing==1.0 --hash=sha256:{self.thing.sha256}",)
        commitment, _ = await shelf.commit("".join(f"{line}\n" for line in lines).encode())
        return commitment

    async def everything(self, shelf: Shelf, *lines: str) -> list[str]:
        """Ask for the page, the file and its metadata, and return the errors."""
        commitment = await self.committed(shelf, *lines)
        errors = []
        for ask in (
            lambda: shelf.page(commitment, "thing"),
            lambda: shelf.hold(commitment, "thing", THING),
            lambda: shelf.metadata(commitment, "thing", THING),
        ):
            try:
                await ask()
            except UpstreamTrouble as error:
                errors.append(str(error))
        return errors

    def link(self, upstream: Upstream, prefix: str) -> None:
        """Let the pages of an upstream link to files that are elsewhere, without their metadata."""
        upstream.style = Style(prefix=prefix, core_metadata="true")

    def redirect(self, upstream: Upstream, where: str, location: str) -> None:
        """Let an upstream redirect requests for ``where``."""
        upstream.fail(where, Status(302, {"Location": location}))

    def logins(self, upstream: Upstream) -> set[str | None]:
        """Return every ``Authorization`` that an upstream has received."""
        return {request.headers.get("authorization") for request in upstream.requests}
