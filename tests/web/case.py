"""What the tests of the HTTP room have in common: a server over a store in memory and an upstream of their own."""

from __future__ import annotations

import json
from typing import Any

from twisted.internet import reactor
from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.endpoints import TCP4ClientEndpoint
from twisted.internet.interfaces import IAddress, IProtocol
from twisted.internet.protocol import Factory
from twisted.internet.task import Clock, deferLater
from twisted.python.failure import Failure
from twisted.trial.unittest import TestCase

from reqpi.shelf.shelf import Shelf
from reqpi.shelf.whole_lock.lock_services import LockServices
from reqpi.storage.memory import MemoryStore
from reqpi.web.http.body_turns import BodyTurns
from reqpi.web.http.problems import PROBLEM_TYPES
from reqpi.web.http.ready_answers import ReadyAnswers
from reqpi.web.http.site import BoundedSite
from reqpi.web.http.turns import Turns
from reqpi.web.public_url import PublicUrl
from reqpi.web.routes import Root
from tests.distributions import a_file, a_page
from tests.fake_index import PlainUpstream
from tests.web.wire import Reply, Wire

__all__ = ["LARGEST", "SDIST", "WHEEL", "WatchedSite", "WebCase"]

LARGEST = 1 << 16
"""Bytes of a lock, at most."""

SDIST = "six-1.0.tar.gz"
WHEEL = "six-1.0-py3-none-any.whl"

CONTENTS = {SDIST: b"an sdist of six", WHEEL: bytes(range(256)) * 16}
FILES = tuple(a_file(name, content, size=len(content)) for name, content in CONTENTS.items())


class WatchedSite(BoundedSite):
    """A site that knows when each of its connections is gone."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.open: dict[Any, Deferred[None]] = {}
        # Those of the connections, which are real.
        self.turns, self.body_turns = Turns(reactor), BodyTurns(reactor)  # type: ignore[arg-type]

    def buildProtocol(self, addr: IAddress | None) -> IProtocol:
        protocol: Any = super().buildProtocol(addr)
        gone = self.open[protocol] = Deferred()
        lost = protocol.connectionLost

        def connection_lost(reason: Failure) -> None:
            lost(reason)
            del self.open[protocol]
            gone.callback(None)

        protocol.connectionLost = connection_lost
        return protocol  # type: ignore[no-any-return]

    def closed(self) -> Deferred[Any]:
        """Fires when no connection is open."""
        return gatherResults(list(self.open.values()))


class WebCase(TestCase):
    """A server of which ``self.address`` pins six 1.0 and not its version 2.0."""

    timeout = 240
    base = PublicUrl()
    make_site = WatchedSite

    async def setUp(self) -> None:
        self.clock = Clock()
        self.store = self.made_store()
        self.upstream = PlainUpstream()
        self.upstream.offer(a_page(*FILES, a_file("six-2.0.tar.gz", b"newer")), *CONTENTS.values(), b"newer")
        self.shelf = Shelf(self.store, self.upstream, self.clock, "tests")
        self.ready_answers = ReadyAnswers(1 << 20)
        self.site = self.make_site(self.made_root(), self.clock, LARGEST, self.ready_answers)
        self.port = self.listening()
        self.wires: list[Wire] = []
        self.address = await self.committed("six==1.0")

    async def tearDown(self) -> None:
        for wire in self.wires:
            if not wire.over:
                wire.transport.abortConnection()
        await self.port.stopListening()
        await self.site.closed()

    def made_store(self) -> MemoryStore:
        return MemoryStore(self.clock.seconds)

    def made_root(self) -> Root:
        return Root(self.services(), self.base, self.ready_answers)

    def services(self) -> LockServices:
        return LockServices.over(self.shelf, self.store, self.clock)

    def listening(self) -> Any:
        from twisted.internet import reactor

        return reactor.listenTCP(0, self.site, interface="127.0.0.1")  # type: ignore[attr-defined]

    async def committed(self, *lines: str) -> str:
        """Commit a lock of these lines, behind HTTP's back; its address."""
        commitment, _ = await self.shelf.commit("".join(f"{line}\n" for line in lines).encode())
        return commitment.address

    async def committed_to_many(self, count: int) -> str:
        """Commit a lock that pins so many versions of ``many``, each with one file, and six 1.0; its address."""
        files = [a_file(f"many-1.{number}.zip", project="many") for number in range(count)]
        self.upstream.offer(a_page(*files, project="many"), *[b""] * count)
        lines = (f'many==1.{number} ; python_version == "3.{number}"' for number in range(count))
        return await self.committed("six==1.0", *lines)

    # Asking

    async def wire(self) -> Wire:
        """A connection."""
        here = self.port.getHost()
        wire: Wire = await TCP4ClientEndpoint(reactor, here.host, here.port).connect(Factory.forProtocol(Wire))  # type: ignore[arg-type]
        self.wires.append(wire)
        return wire

    def request(self, path: str, method: str = "GET", body: bytes | None = None, **headers: str) -> bytes:
        """A request as it goes over the wire; underscores in names of headers become hyphens."""
        said = {"Host": "index.example.org"} | {name.replace("_", "-"): value for name, value in headers.items()}
        if body is not None:
            said.setdefault("Content-Length", str(len(body)))
        lines = "".join(f"{name}: {value}\r\n" for name, value in said.items())
        return f"{method} {path} HTTP/1.1\r\n{lines}\r\n".encode("latin-1") + (body or b"")

    async def ask(self, path: str, method: str = "GET", body: bytes | None = None, **headers: str) -> Reply:
        """Ask on a connection of its own."""
        wire = await self.wire()
        wire.say(self.request(path, method, body, **headers))
        reply = await wire.reply(method)
        wire.transport.abortConnection()
        return reply

    async def under(self, path: str = "", method: str = "GET", **headers: str) -> Reply:
        """Ask for what is under the address."""
        return await self.ask(f"/{self.address}{path}", method, **headers)

    # Claims

    def assert_problem(self, reply: Reply, status: int, title: str | None = None) -> dict[str, Any]:
        """It is a problem as :rfc:`9457` has them, and looks like no success; its members."""
        self.assertEqual(reply.status, status, reply)
        self.assertEqual(reply["Content-Type"], "application/problem+json")
        self.assertEqual(reply["Cache-Control"], "no-store")
        self.assertEqual(reply["X-Content-Type-Options"], "nosniff")
        for name in ("ETag", "Accept-Ranges", "Content-Range", "Content-Encoding", "Location", "Vary"):
            self.assertIsNone(reply[name], name)
        if not reply.body:
            return {}
        problem: dict[str, Any] = json.loads(reply.body)
        self.assertEqual(problem["status"], status)
        self.assertIn((problem["status"], problem["type"]), {(kind.status, kind.urn) for kind in PROBLEM_TYPES})
        self.assertTrue(problem["title"])
        if title is not None:
            self.assertEqual(problem["title"], title)
            self.assertEqual(reply.reason, title)
        return problem

    async def turn(self) -> None:
        """Let the reactor go round once."""
        await deferLater(reactor, 0)  # type: ignore[arg-type]
