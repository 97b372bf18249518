"""The options for how much room clients may take reach the parts that hold to them."""

from __future__ import annotations

from pathlib import Path

import treq
from treq.client import HTTPClient
from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.trial.unittest import TestCase
from twisted.web.client import Agent, HTTPConnectionPool

from reqpi.core.access.clients import AccessScope
from reqpi.core.access.token_file import line_of, read_tokens
from reqpi.core.access.tokens import Token, digest_of
from reqpi.core.crates.model import Crate
from reqpi.core.errors import UpstreamTrouble
from reqpi.server.server import Server
from reqpi.server.services import services_of
from reqpi.server.settings import Settings
from reqpi.storage.counted import CountedStore
from reqpi.storage.memory import MemoryStore
from tests.attacks.tokens_case import basic, text_of
from tests.crates_case import PlainRegistries
from tests.distributions import a_file, a_page
from tests.fake_index import PlainUpstream
from tests.rust_sdists import WORDS, cargo_lock

LOOPBACK = "tcp:0:interface=127.0.0.1"
CONTENT = b"s" * 3000


class RoomTests(TestCase):
    """A server that was started with such an option; six has a file of 3,000 bytes."""

    def serving(self, size: int | None = len(CONTENT), **options: object) -> Server:
        upstream = PlainUpstream()
        upstream.offer(a_page(a_file("six-1.0.tar.gz", CONTENT, size=size)), CONTENT)
        settings = Settings(listen=(LOOPBACK,), **options)  # type: ignore[arg-type]
        server = Server(settings, reactor, MemoryStore(), upstream, quiet=True)
        server.startService()
        self.addCleanup(server.stopService)
        return server

    def file_of_tokens(self) -> Path:
        """A file with a token that has a quota."""
        path = Path(self.mktemp())
        scopes = frozenset({AccessScope.READ, AccessScope.COMMIT})
        line = line_of(Token("ci", digest_of(text_of("ci")), scopes, quota=2000))
        self.assertIn(" quota=2kB", line)
        self.assertEqual(read_tokens(line.encode())[0].quota, 2000)
        path.write_text(f"{line}\n")
        return path

    async def ask(self, server: Server, path: str, data: bytes | None = None, **headers: str) -> tuple[int, str]:
        client = HTTPClient(Agent(reactor, pool=HTTPConnectionPool(reactor, persistent=False)))
        method = "GET" if data is None else "POST"
        response = await client.request(method, f"{server.url}{path}", data=data, headers=headers)
        return response.code, (await treq.content(response)).decode()

    async def file_of(self, server: Server, **headers: str) -> tuple[int, str]:
        """Commit a lock, and request its file."""
        status, said = await self.ask(server, "/locks", b"six==1.0\n", **headers)
        self.assertEqual(status, 201, said)
        address = said.partition('"address": "')[2][:64]
        return await self.ask(server, f"/{address}/simple/six/six-1.0.tar.gz")

    async def test_max_store(self) -> None:
        server = self.serving(largest_store=2000)
        self.assertIsInstance(server.store, CountedStore)
        status, said = await self.file_of(server)
        self.assertEqual(status, 507)
        self.assertIn("urn:reqpi:store-full", said)
        self.assertEqual(server.site.counts.refusals, {"store-bytes": 1})

    async def test_a_store_of_any_size_is_not_counted(self) -> None:
        server = self.serving()
        self.assertNotIsInstance(server.store, CountedStore)
        self.assertEqual((await self.file_of(server))[0], 200)

    async def test_max_file(self) -> None:
        for size in (len(CONTENT), None):
            server = self.serving(size, largest_file=2000)
            status, said = await self.file_of(server)
            self.assertEqual(status, 503)
            self.assertIn("six-1.0.tar.gz is too long", said)
            self.assertIn("--max-file", said)
            self.assertEqual(server.site.counts.refusals, {"file-bytes": 1})

    async def test_max_file_holds_for_crates_too(self) -> None:
        registries = PlainRegistries()
        registries.add(WORDS)
        services = services_of(Settings(largest_file=10), reactor, MemoryStore(), PlainUpstream(), registries)
        lock = cargo_lock("bare", "1.0.0", crates=(WORDS,)).encode()
        commitment, _ = await services.locks.shelf.commit(lock)
        wanted = Crate(WORDS.name, WORDS.version, WORDS.sha256)
        error = await self.assertFailure(
            Deferred.fromCoroutine(services.crates.hold(commitment, wanted)), UpstreamTrouble
        )
        self.assertIn("--max-file", str(error))
        self.assertEqual(services.counts.refusals, {"file-bytes": 1})

    async def test_max_hold(self) -> None:
        server = self.serving(largest_hold=2000)
        status, said = await self.ask(server, "/locks?hold=1", b"six==1.0\n")
        self.assertEqual(status, 201)
        path = f"/{said.partition('address')[2][4:68]}/held"
        while '"holding": null' not in (said := (await self.ask(server, path))[1]):
            await Deferred.fromCoroutine(server.shelf.write_refusals())
        self.assertIn("--max-hold", said)

    async def test_a_quota_in_the_file_of_tokens(self) -> None:
        server = self.serving(tokens=self.file_of_tokens())
        status, said = await self.file_of(server, Authorization=basic(text_of("ci")))
        self.assertEqual(status, 507)
        self.assertIn("urn:reqpi:over-quota", said)
        self.assertEqual(server.site.counts.refusals, {"quota": 1})

    async def test_the_limit_of_prefreezing(self) -> None:
        """The first page of a client is frozen in advance, and the second one not before an hour has passed."""
        server = self.serving(limit_prefreeze="1/h")
        waiting = server.prefreeze._bucket("a client")
        assert waiting is not None
        self.assertTrue(waiting.take(0.0))
        self.assertFalse(waiting.take(1.0))
