"""Several indexes, each under its own URL."""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from reqpi.core.errors import Misconfigured
from reqpi.shelf.shelf import Shelf
from reqpi.storage.memory import MemoryStore
from reqpi.upstream.allowed.denied import Denied
from reqpi.upstream.allowed.hosts import Hosts
from reqpi.upstream.allowed.operator import AllowedUpstreams, read_upstreams
from reqpi.upstream.upstreams import Upstreams
from tests.upstream.case import UpstreamCase, reactor


class SeveralTests(UpstreamCase):
    """``--upstream URL --upstream NAME=URL``."""

    async def test_each_is_asked_for_its_own_pages(self) -> None:
        """A lock names it by its URL, and the default one by nothing."""
        one, two = self.upstream(), self.upstream()
        two.wheel("other", "2.0")
        upstreams = Upstreams(
            AllowedUpstreams(one.url, {"two": two.url}, "https://builtin.example/simple"), reactor, self.clock
        )
        self.addCleanup(upstreams.agent.close)
        self.assertEqual(upstreams.name, one.url.rstrip("/"))
        await upstreams.page("thing")  # type: ignore[arg-type]
        await upstreams.page("thing", "https://builtin.example/simple")  # type: ignore[arg-type]
        self.assertEqual((len(one.requests), len(two.requests)), (2, 0))
        [file] = (await upstreams.page("other", two.url.rstrip("/"))).files  # type: ignore[arg-type]
        self.assertTrue([piece async for piece in await upstreams.open(file.url, index=two.url)])
        self.assertEqual((len(one.requests), len(two.requests)), (2, 2))

    async def test_what_is_none_of_them_is_not_asked(self) -> None:
        """A lock that was committed when it was one may still name it."""
        one, two = self.upstream(), self.upstream()
        trouble = await self.trouble(self.index(one.url).page("thing", two.url))  # type: ignore[arg-type]
        self.assertIsInstance(trouble, Denied)
        self.assertIn("is not among this server's upstreams", trouble.title)
        self.assertEqual(two.requests, [])


class ForeignTests(UpstreamCase):
    """A lock may name any index: one that the operator does not have is never connected to."""

    def setUp(self) -> None:
        super().setUp()
        self.ours, self.foreign = self.upstream(), self.upstream(tls=True)
        self.document = (
            f"--index-url {self.foreign.url}\nthing==1.0 --hash=sha256:{self.thing.sha256}\n"
            f"absent==1.0 --hash=sha256:{'0' * 64}\n"
        ).encode()

    def shelf(self, **fields: Any) -> Shelf:
        """With a login for the foreign host."""
        logins = {"127.0.0.1": "Basic c2VjcmV0", "localhost": "Basic c2VjcmV0"}
        outside = AllowedUpstreams(self.ours.url, logins=logins, **fields)
        upstreams = Upstreams(outside, reactor, self.clock, self.agent)
        return Shelf(MemoryStore(self.clock.seconds), upstreams, self.clock, "tests")

    async def test_a_server_takes_its_files_from_the_operators(self) -> None:
        """Page, file and metadata."""
        shelf = self.shelf()
        commitment, _ = await shelf.commit(self.document)
        (file,) = (await shelf.page(commitment, "thing")).files
        file_response = await shelf.file(commitment, "thing", file.filename)
        self.assertEqual(
            b"".join([piece async for piece in file_response.read(0, file_response.size)]), self.thing.content
        )
        await shelf.metadata(commitment, "thing", file.filename)
        await self.trouble(shelf.page(commitment, "absent"))
        self.assertTrue(self.ours.requests)
        self.assertEqual(self.foreign.requests, [])

    async def test_a_local_command_asks_it_for_what_the_operators_have_not(self) -> None:
        """And not for the rest."""
        shelf = self.shelf(local=True)
        commitment, _ = await shelf.commit(self.document)
        await shelf.page(commitment, "thing")
        self.assertEqual(self.foreign.requests, [])
        trouble = await self.trouble(shelf.page(commitment, "absent"))
        self.assertNotIsInstance(trouble, Denied)


class ReadTests(SynchronousTestCase):
    """The options."""

    def test_one_may_have_no_name(self) -> None:
        """An = in a URL makes no name of it."""
        self.assertEqual(read_upstreams([]), (None, {}, {}))
        default, named, _ = read_upstreams(
            ["https://a.example/?x=y", "b=https://b.example", "c.d-1=http://c.example?q=1"]
        )
        self.assertEqual(default, "https://a.example/?x=y")
        self.assertEqual(named, {"b": "https://b.example", "c.d-1": "http://c.example?q=1"})

    def test_hosts_with_its_files_stand_behind_a_url(self) -> None:
        """One or several, each with or without a port; a comma alone belongs to the URL."""
        default, named, files = read_upstreams(
            ["https://a.example/a,b", "b=https://b.example/simple,files=f.example,files=g.example:8443"]
        )
        self.assertEqual((default, named), ("https://a.example/a,b", {"b": "https://b.example/simple"}))
        self.assertEqual(files, {"b": Hosts.read(["f.example", "g.example:8443"], "")})
        _, _, files = read_upstreams(["https://me:secret@a.example/simple,files=[::1]:80"])
        self.assertEqual(files, {"": Hosts.read(["[::1]:80"], "")})
        for words in (["https://a,files="], ["https://a,files=https://b"], ["a=https://a,files=b,c"]):
            self.assertIn(",files=", str(self.assertRaises(Misconfigured, read_upstreams, words)))

    def test_two_of_one_name_are_refused(self) -> None:
        """Or two without; neither is shown, as there may be a password in it."""
        for words in (["https://a", "https://me:secret@b"], ["a=https://a", "a=https://me:secret@b"], ["=https://x"]):
            self.assertNotIn("secret", str(self.assertRaises(Misconfigured, read_upstreams, words)))

    def test_what_is_no_index_is_refused(self) -> None:
        """When the server starts."""
        for url in (
            "",
            "x",
            "file:///srv",
            "ftp://me:secret@a",
            "https://",
            "https://me:secret@:99999/",
            "http://[::1",
        ):
            for outside in (AllowedUpstreams(url), AllowedUpstreams("https://a.example", {"b": url})):
                error = self.assertRaises(Misconfigured, Upstreams, outside, reactor)
                self.assertIn("upstream", error.title)
                self.assertNotIn("secret", str(error))
