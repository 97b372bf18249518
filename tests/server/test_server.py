"""A server from start to end."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import treq
from treq.client import HTTPClient
from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater
from twisted.logger import capturedLogs
from twisted.trial.unittest import TestCase
from twisted.web.client import Agent, HTTPConnectionPool

from reqpi.core.errors import Misconfigured
from reqpi.server.announce import reach
from reqpi.server.server import Server, assemble
from reqpi.server.settings import Settings
from reqpi.shelf.records import page_record
from reqpi.storage.memory import MemoryStore
from tests.distributions import a_file, a_page
from tests.fake_index import PlainUpstream
from tests.sourcehost import SourceHost
from tests.storage.scratch import scratch

LOOPBACK = "tcp:0:interface=127.0.0.1"


class LifeTests(TestCase):
    """A server listens when it is started, ends what it has begun, and then is gone."""

    def setUp(self) -> None:
        self.upstream = PlainUpstream()
        self.upstream.offer(a_page(a_file("six-1.0.tar.gz", b"six", size=3)), b"six")
        self.server = self.serving(Settings(listen=(LOOPBACK,)))
        self.client = HTTPClient(Agent(reactor, pool=HTTPConnectionPool(reactor, persistent=False)))

    def serving(self, settings: Settings) -> Server:
        return Server(settings, reactor, MemoryStore(), self.upstream)

    async def get(self, path: str) -> tuple[int, bytes]:
        response = await self.client.get(f"{self.server.url}{path}")
        return response.code, await treq.content(response)

    async def test_it_says_when_and_where_it_can_be_used(self) -> None:
        self.server.startService()
        (port,) = await self.server.ready
        self.assertEqual(self.server.url, f"http://127.0.0.1:{port.getHost().port}")
        self.assertEqual((await self.get("/"))[0], 200)
        await self.server.stopService()

    async def test_a_request_in_flight_finishes_when_the_server_stops(self) -> None:
        self.server.startService()
        self.server.prefreeze.stop()  # the request is to be the one that upstream is asked for
        commitment, _ = await self.server.shelf.commit(b"six==1.0\n")
        asked: Deferred[None] = Deferred()
        gate: Deferred[None] = Deferred()

        async def held() -> None:
            asked.callback(None)
            await gate

        self.upstream.before["six"] = held
        answer = Deferred.fromCoroutine(self.get(f"/{commitment.address}/simple/six/"))
        await asked
        stopped = self.server.stopService()
        await deferLater(reactor, 0)
        self.assertFalse(stopped.called)
        gate.callback(None)
        status, body = await answer
        self.assertEqual(status, 200)
        self.assertIn(b"six-1.0.tar.gz", body)
        await stopped

    async def test_a_commit_is_answered_while_upstream_is_silent_and_then_frozen(self) -> None:
        """The first client finds it done."""
        asked: Deferred[None] = Deferred()
        gate: Deferred[None] = Deferred()

        async def held() -> None:
            asked.callback(None)
            await gate

        self.upstream.before["six"] = held
        self.server.startService()
        response = await self.client.post(f"{self.server.url}/locks", b"six==1.0\n")
        address = (await treq.json_content(response))["address"]
        await asked
        gate.callback(None)
        while await self.server.store.get(page_record(address, "six")) is None:
            await deferLater(reactor, 0)
        await self.server.stopService()

    async def test_it_says_how_long_the_reactor_was_kept_at_most(self) -> None:
        self.server.startService()
        with capturedLogs() as logged:
            await self.server.stopService()
        [late] = [event["late"] for event in logged if "late" in event]
        self.assertGreaterEqual(late, 0)

    async def test_offline_nothing_is_looked_up(self) -> None:
        """There is nobody to ask."""
        server = self.serving(Settings(listen=(LOOPBACK,), offline=True))
        server.startService()
        await server.shelf.commit(b"six==1.0\n")
        await deferLater(reactor, 0.01)
        await server.stopService()
        self.assertEqual(self.upstream.asked, [])

    async def test_after_it_has_stopped_nobody_listens(self) -> None:
        self.server.startService()
        (port,) = await self.server.ready
        address = ("127.0.0.1", port.getHost().port)
        await self.server.stopService()
        with self.assertRaises(ConnectionRefusedError):
            socket.create_connection(address, 1)

    async def test_what_was_refused_is_written_down_when_it_stops(self) -> None:
        self.server.startService()
        commitment, _ = await self.server.shelf.commit(b"six==1.0\n")
        await self.get(f"/{commitment.address}/simple/flask/")
        await self.server.stopService()
        names = [name async for name in self.server.store.names(f"refused/{commitment.address}/")]
        self.assertEqual(len(names), 1)

    async def test_a_port_that_is_taken_is_told_as_such_and_nothing_is_left_listening(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            description = f"tcp:{taken.getsockname()[1]}:interface=127.0.0.1"
            server = self.serving(Settings(listen=(LOOPBACK, description)))
            error = self.assertRaises(Misconfigured, server.startService)
        self.assertIn(description, error.title)

    def test_an_endpoint_that_is_none_is_told_as_such(self) -> None:
        for nonsense in ("nosuch:1", "tcp:x", "tcp", "unix:/no/such/folder/socket", "systemd:domain=INET:index=0"):
            server = self.serving(Settings(listen=(nonsense,)))
            self.assertIn(nonsense, self.assertRaises(Misconfigured, server.startService).title)

    async def test_it_listens_on_a_unix_socket(self) -> None:
        path = scratch(self) / "socket"
        server = self.serving(Settings(listen=(f"unix:{path}",)))
        server.startService()
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(path))
        await server.stopService()
        self.assertFalse(path.exists())


class AssembleTests(TestCase):
    """What cannot be a server is refused before it starts."""

    def test_an_upstream_must_be_http(self) -> None:
        for url in ("file:///srv/simple", "ftp://example.org", "example.org"):
            error = self.assertRaises(Misconfigured, assemble, Settings(upstream=url), reactor)
            self.assertIn("upstream", error.title)

    def test_the_password_of_an_upstream_is_in_no_message(self) -> None:
        error = self.assertRaises(Misconfigured, assemble, Settings(upstream="ftp://user:secret@example.org"), reactor)
        self.assertNotIn("secret", str(error))

    def test_offline_needs_no_upstream(self) -> None:
        assemble(Settings(offline=True), reactor)

    def test_a_further_upstream_must_be_http_too(self) -> None:
        settings = Settings(upstream="https://a.example.org", upstreams={"b": "file:///srv/simple"})
        self.assertIn("file:///srv/simple", self.assertRaises(Misconfigured, assemble, settings, reactor).title)

    def test_a_file_that_cannot_be_read_is_named(self) -> None:
        for name in ("netrc", "ca", "client_cert"):
            settings = Settings(upstream="https://a.example.org", **{name: Path("/nonexistent/file")})
            error = self.assertRaises(Misconfigured, assemble, settings, reactor)
            self.assertIn(f"--{name.replace('_', '-')} /nonexistent/file", error.title)

    def test_a_proxy_that_cannot_be_used_is_named_without_its_login(self) -> None:
        for option, environ in (
            ("socks5://me:s3cret@proxy:1", {}),
            (None, {"ALL_PROXY": "socks5://me:s3cret@proxy:1"}),
        ):
            for name in ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY"):
                self.patch_environment(name, environ.get(name))
                self.patch_environment(name.lower(), None)
            settings = Settings(upstream="https://a.example.org", proxy=option)
            error = self.assertRaises(Misconfigured, assemble, settings, reactor)
            self.assertIn("--proxy" if option else "ALL_PROXY", error.title)
            self.assertIn("--proxy off", error.detail)
            self.assertNotIn("s3cret", f"{error} {settings!r}")
            assemble(Settings(upstream="https://a.example.org", proxy="off"), reactor)
            assemble(Settings(offline=True, proxy=option), reactor)

    def patch_environment(self, name: str, value: str | None) -> None:
        before = os.environ.pop(name, None)
        if value is not None:
            os.environ[name] = value
        self.addCleanup(lambda: os.environ.pop(name, None) if before is None else os.environ.update({name: before}))

    def test_a_host_that_is_none_is_named(self) -> None:
        for name in ("allow_hosts", "trusted_hosts"):
            settings = Settings(upstream="https://a.example.org", **{name: ["a b"]})
            self.assertIn("a b", self.assertRaises(Misconfigured, assemble, settings, reactor).title)


class WholeTests(TestCase):
    """What an operator says reaches the outside."""

    timeout = 240

    async def test_an_archive_of_an_allowed_host_is_had_with_its_authority_and_password(self) -> None:
        """And what is under way ends with the server."""
        host, folder = SourceHost(), scratch(self)
        self.addCleanup(host.close)
        (folder / "netrc").write_text("machine 127.0.0.1 login me password secret\n")
        (folder / "ca.pem").write_bytes(host.authority.read_bytes())
        settings = Settings(
            listen=(LOOPBACK,),
            store=folder / "store",
            upstream="https://127.0.0.1:9/simple",
            allow_hosts=(host.name,),
            netrc=folder / "netrc",
            ca=folder / "ca.pem",
        )
        server = assemble(settings, reactor)
        server.startService()
        transfer = await server._services.upstream.open(f"archive+{host.archive('x', b'content')}")
        self.assertEqual(b"".join([piece async for piece in transfer]), b"content")
        self.assertTrue(host.requests[0].headers["authorization"].startswith("Basic "))
        await server.stopService()


class OwnAddressTests(TestCase):
    """A server knows the addresses on the ports that it listens on, and takes no client's word for others."""

    async def test_a_lock_may_name_one_of_them_without_digests(self) -> None:
        """Under every name of this machine's; not on another port, nor under the name that a request came for."""
        settings = Settings(
            listen=(LOOPBACK,),
            url="https://reqpi.example.org",
            hosts=("other.example.org",),
            store=scratch(self),
            upstream="http://127.0.0.1:9/",
        )
        server = assemble(settings, reactor, quiet=True)
        server.startService()
        self.addCleanup(server.stopService)
        (port,) = await server.ready
        server.prefreeze.stop()
        here = port.getHost().port
        client = HTTPClient(Agent(reactor, pool=HTTPConnectionPool(reactor, persistent=False)))
        for base, expected in (
            (f"http://127.0.0.1:{here}", 201),
            (f"http://localhost:{here}", 201),
            ("https://reqpi.example.org", 201),
            ("http://other.example.org", 422),
            ("http://127.0.0.1:9", 422),
        ):
            document = f"--index-url {base}/{'a' * 64}/simple/\nsix==1.0\n".encode()
            headers = {"Host": "other.example.org"}
            answer = await client.post(f"http://127.0.0.1:{here}/locks", data=document, headers=headers)
            self.assertEqual(answer.code, expected, base)
            warnings = (await answer.json()).get("warnings", [])
            self.assertEqual(warnings, [])


class ReachTests(TestCase):
    """The log says who can reach a port."""

    def test_in_words(self) -> None:
        class Address:
            port = 2000

            def __init__(self, host: str) -> None:
                self.host = host

        self.assertIn("only this machine", reach(Address("127.0.0.1"))[1])
        self.assertIn("only this machine", reach(Address("::1"))[1])
        self.assertIn("every machine", reach(Address("0.0.0.0"))[1])
        self.assertIn("10.0.0.7", reach(Address("10.0.0.7"))[1])
