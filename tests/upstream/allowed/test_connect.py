"""No request reaches an address that the operator did not name and that is not on the public internet."""

from __future__ import annotations

from typing import Any

from twisted.internet.protocol import Factory, Protocol

from reqpi.upstream.allowed import connect
from reqpi.upstream.allowed.connect import GuardedReactor
from reqpi.upstream.allowed.denied import Denied
from reqpi.upstream.allowed.hosts import Hosts
from reqpi.upstream.allowed.operator import AllowedUpstreams
from reqpi.upstream.http import agent
from reqpi.upstream.http.circuit_breaker import UNREACHED
from reqpi.upstream.upstreams import Upstreams
from tests.upstream.case import UpstreamCase, reactor
from tests.upstream.names import Kept, Names
from tests.upstream.scripted import ok

LOCAL = "127.0.0.1 127.1 0177.0.0.1 0x7f000001 2130706433 017700000001 127.0.0.1. localhost [::1] [::ffff:127.0.0.1]"
HTML = "Content-Type: text/html"


class GuardCase(UpstreamCase):
    """Upstreams with an agent of their own, which is closed."""

    def outside(self, index: str = "https://index.example/simple", names: Names | None = None) -> Upstreams:
        upstreams = Upstreams(AllowedUpstreams(index), names or reactor, self.clock)
        self.addCleanup(upstreams.agent.close)
        return upstreams


class SpellingTests(GuardCase):
    """An address has many spellings, and all are one address."""

    async def test_this_machine_is_not_reached(self) -> None:
        """Through the file of a page."""
        script = self.scripted(ok(b"secret"))
        port = script.url.rpartition(":")[2]
        for host in [*LOCAL.split(), "[::ffff:7f00:1]", "①②⑦.0.0.1", "127。0。0。1", "[::1%25lo]", "[fe80::1%25lo]"]:
            trouble = await self.trouble(self.outside().open(f"http://{host}:{port}/secret"))
            self.assertTrue(trouble.final or "cannot be" in trouble.title, (host, trouble))
        self.assertEqual(script.connections, 0)

    async def test_the_refusal_says_what_to_do(self) -> None:
        """The operator may have meant it."""
        trouble = await self.trouble(self.outside().open("http://127.0.0.1:9/x"))
        self.assertIsInstance(trouble, Denied)
        self.assertIn("not on the public internet", trouble.title)
        self.assertIn("127.0.0.1 (loopback)", trouble.detail)
        self.assertIn("--allow-host 127.0.0.1:9", trouble.detail)


class NamesTests(GuardCase):
    """A name leads where its owner says, and he may say another thing each time."""

    async def test_a_name_that_leads_to_this_machine_is_refused(self) -> None:
        """Whatever else it leads to: with private addresses alone it leads nowhere."""
        script = self.scripted(ok(b"secret"))
        port = script.url.rpartition(":")[2]
        names = Names(reactor, {"rebind.example": ["127.0.0.1", "10.0.0.1", "::1", "169.254.169.254"]})
        trouble = await self.trouble(self.outside(names=names).open(f"http://rebind.example:{port}/"))
        self.assertIsInstance(trouble, Denied)
        self.assertEqual(script.connections, 0)

    async def test_what_was_checked_is_what_is_connected_to(self) -> None:
        """A name is looked up once for each connection, so that no second answer can be another."""
        script = self.scripted(ok(b"<title>Links for thing</title>", HTML))
        port = script.url.rpartition(":")[2]
        names = Names(reactor, {"index.example": ["127.0.0.1"]})
        await self.outside(f"http://index.example:{port}", names).page("thing")  # type: ignore[arg-type]
        self.assertEqual((names.asked, script.connections), (["index.example"], 1))

    async def test_a_kept_address_is_refused_like_a_new_one(self) -> None:
        """Its answer was kept for a client that may go there; that permits nothing to others."""
        script = self.scripted(ok(b"<html><title>Links for thing</title></html>", HTML))
        port = script.url.rpartition(":")[2]
        names = Names(reactor, {"rebind.example": ["127.0.0.1"]})
        shared: Any = Kept(names)
        await self.outside(f"http://rebind.example:{port}", shared).page("thing")  # type: ignore[arg-type]
        trouble = await self.trouble(self.outside(names=shared).open(f"http://rebind.example:{port}/secret"))
        self.assertIsInstance(trouble, Denied)
        self.assertEqual((names.asked, script.connections), (["rebind.example"], 1))

    async def test_only_allowed_addresses_are_given_to_git(self) -> None:
        """Of a host that was named, all."""
        names = Names(
            reactor, {"a.example": ["127.0.0.1", "8.8.8.8", "fe80::1", "2606:4700::1"], "b.example": ["10.0.0.1"]}
        )
        way = GuardedReactor(names, Hosts.read(["b.example"], "--allow-host"))
        self.assertEqual(await way.addresses("a.example", 443), ["8.8.8.8", "2606:4700::1"])
        self.assertEqual(await way.addresses("b.example", 443), ["10.0.0.1"])
        for host, port in (("b.example", 8443), ("c.example", 443)):
            await self.trouble(way.addresses(host, port))


class SilentTests(GuardCase):
    """A name server that does not answer is an upstream that cannot be reached."""

    async def test_it_is_waited_for_as_long_as_for_a_connection(self) -> None:
        """And then it is what costs time: a host that others do not wait for."""
        names = Names(reactor, {}, silent=True)
        endpoint = GuardedReactor(names, Hosts.read([], "--allow-host")).endpoint("index.example", 443, 0.01)
        error = await self.assertFailure(endpoint.connect(Factory.forProtocol(Protocol)), *UNREACHED)
        self.assertEqual(str(error), "No name server answers.")

    async def test_who_comes_second_is_told_at_once(self) -> None:
        """The name is not looked up again."""
        self.patch(agent, "_CONNECT", 0.01)
        names = Names(reactor, {}, silent=True)
        upstreams = self.outside(names=names)
        for _ in range(3):
            trouble = await self.trouble(upstreams.page("thing"))  # type: ignore[arg-type]
            self.assertIn("index.example cannot be reached", trouble.title)
        self.assertEqual(names.asked, ["index.example"])

    async def test_what_it_says_later_changes_nothing(self) -> None:
        """It may still say it."""
        names = Names(reactor, {"a.example": ["8.8.8.8"]}, silent=True)
        self.patch(connect, "_LOOKUP", 0.01)
        self.assertEqual(
            await GuardedReactor(names, Hosts.read([], "--allow-host")).addresses("a.example", 443), ["8.8.8.8"]
        )


class RedirectTests(GuardCase):
    """A redirect leads no farther than a link."""

    async def test_an_upstream_on_this_machine_opens_no_other_port_of_it(self) -> None:
        """Neither by a link nor by a redirect, of a page or of a file."""
        secret = self.scripted(ok(b"secret"))
        script = self.scripted(ok(b"", f"Location: {secret.url}/", status="302 Found"))
        upstreams = self.outside(script.url)
        for asked in (upstreams.page("thing"), upstreams.open(f"{script.url}/f"), upstreams.open(f"{secret.url}/f")):  # type: ignore[arg-type]
            self.assertIsInstance(await self.trouble(asked), Denied)
        self.assertEqual((secret.connections, len(script.requests)), (0, 2))
