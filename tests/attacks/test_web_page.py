"""A web page in the browser of a user who has a server on this machine or network."""

from __future__ import annotations

import json

from reqpi.server.own_names import own_names
from reqpi.server.settings import Settings
from reqpi.web.public_url import PublicUrl
from tests.web.case import WebCase
from tests.web.test_tls import TLSCase
from tests.web.wire import Reply

PAGE = "https://evil.example.org"
LOCK = b"six==1.0\n"


class PageCase(WebCase):
    """A server on loopback, with the names that its settings give it."""

    settings = Settings()

    async def setUp(self) -> None:
        await super().setUp()
        self.site.names = own_names(self.settings, [self.port.getHost()])
        self.name = f"localhost:{self.port.getHost().port}"

    async def said(self, data: bytes) -> Reply:
        """Send these bytes on a connection of their own."""
        wire = await self.wire()
        wire.say(data)
        reply = await wire.reply()
        wire.transport.abortConnection()
        return reply

    async def named(self, host: str, path: str = "/") -> Reply:
        return await self.ask(path, Host=host)


class RebindingTests(PageCase):
    """Its name leads to 127.0.0.1 once it is loaded, so the browser lets it read what the server answers."""

    async def test_reading_a_lock_and_its_files_under_the_name_of_the_page(self) -> None:
        """The page reads every path under its own name."""
        for path in ("", "/lock", "/simple/", "/simple/six/", "/simple/six/six-1.0.tar.gz", "/env", "/held"):
            reply = await self.named("evil.example.org:2000", f"/{self.address}{path}")
            problem = self.assert_problem(reply, 421)
            self.assertEqual(problem["type"], "urn:reqpi:misdirected")
            self.assertIn("--host evil.example.org", problem["detail"])

    async def test_reading_an_answer_that_is_kept_ready(self) -> None:
        """The page requests what a client of the user has just requested."""
        for _ in range(3):
            self.assertEqual((await self.named(self.name, f"/{self.address}/simple/six/")).status, 200)
        self.assert_problem(await self.named("evil.example.org", f"/{self.address}/simple/six/"), 421)

    async def test_committing_a_lock_under_the_name_of_the_page(self) -> None:
        """The page commits a lock, and its request has the same origin."""
        reply = await self.ask("/locks", "POST", LOCK, Host="evil.example.org", Origin="http://evil.example.org")
        self.assert_problem(reply, 421)

    async def test_names_that_only_look_like_loopback(self) -> None:
        """The page has a name that begins or ends like one of this machine."""
        names = (
            *("localhost.example.org", "127.0.0.1.example.org", "xlocalhost", "0.0.0.0", "[::]", "10.0.0.1"),
            *("127.0.0.1.nip.example", "[::ffff:10.0.0.1]", "2130706433", "0x7f.1", "example.org."),
        )
        for name in names:
            self.assert_problem(await self.named(name), 421)

    async def test_the_absolute_form_hides_the_name_behind_another_host(self) -> None:
        """A proxy in between sends a target with one name and a Host with another."""
        there = f"GET http://evil.example.org/ HTTP/1.1\r\nHost: {self.name}\r\n\r\n"
        self.assert_problem(await self.said(there.encode()), 421)
        here = f"GET HTTP://{self.name} HTTP/1.1\r\nHost: evil.example.org\r\n\r\n"
        self.assertEqual((await self.said(here.encode())).status, 200)

    async def test_every_name_of_loopback_is_accepted_with_any_port(self) -> None:
        """The user has a tunnel, a second loopback address, or writes the name in capitals."""
        for name in ("localhost", "LOCALHOST:1", "localhost.", "a.localhost:9", "127.0.0.1:80", "127.9.9.9", "[::1]:2"):
            self.assertEqual((await self.named(name)).status, 200, name)


class NamedTests(PageCase):
    """The operator named the server."""

    settings = Settings(url="https://pypi.example.org/reqpi", hosts=("pypi", "[2001:db8::7]"))

    async def test_only_the_names_of_the_operator_are_accepted(self) -> None:
        """The page has any other name."""
        for name in ("pypi.example.org", "PYPI.example.org:443", "pypi:2000", "[2001:DB8::7]:2000"):
            self.assertEqual((await self.named(name)).status, 200, name)
        for name in ("example.org", "evil.pypi.example.org", "pypi.example.org.evil.example", "[2001:db8::8]", "local"):
            self.assert_problem(await self.named(name), 421)


class LoopbackUrlTests(PageCase):
    """The URL that the operator gave is one of loopback, so its other names are the same server."""

    settings = Settings(url="http://localhost:2000")

    async def test_the_names_of_loopback_are_accepted_and_no_others(self) -> None:
        self.assertEqual((await self.named("127.0.0.1:2000")).status, 200)
        self.assert_problem(await self.named("evil.example.org"), 421)


class ProxiedTests(PageCase):
    """A proxy that the operator trusts is in front: it decides which names lead here."""

    settings = Settings(trust_proxy=True)

    async def test_the_names_of_the_proxy_are_accepted(self) -> None:
        self.assertEqual((await self.named("pypi.example.org")).status, 200)


class BeyondTests(PageCase):
    """A server that other machines reach without ``--url`` cannot know its names, unless ``--host`` lists them."""

    async def test_any_name_is_accepted(self) -> None:
        class Everywhere:
            host = "0.0.0.0"

        self.site.names = own_names(Settings(), [Everywhere(), self.port.getHost()])
        self.assertEqual((await self.named("buildhost")).status, 200)
        self.site.names = own_names(Settings(hosts=("buildhost",)), [Everywhere()])
        self.assertEqual((await self.named("buildhost")).status, 200)
        self.assertEqual((await self.named(self.name)).status, 200)
        self.assert_problem(await self.named("evil.example.org"), 421)


class MalformedTests(PageCase):
    """Something between the page and the server reads another host than the server."""

    async def test_two_hosts_none_or_no_host_at_all(self) -> None:
        """The request has a second Host, lacks one, or has one that is not a host."""
        evil, own = b"Host: evil.example.org\r\n", f"Host: {self.name}\r\n".encode()
        target = f"/{self.address}/simple/six/".encode()
        await self.named(self.name, target.decode())
        for fields in (b"", own + evil, evil + own, own + own, b"Host:\r\n", b"Host: a b\r\n", b"Host: u@h\r\n"):
            for first in (target, b"http://" + self.name.encode() + target):
                problem = self.assert_problem(
                    await self.said(b"GET " + first + b" HTTP/1.1\r\n" + fields + b"\r\n"), 400
                )
                self.assertEqual(problem["type"], "urn:reqpi:bad-host", fields)
        for authority in (b"", b"user@" + self.name.encode(), b"a%20b"):
            reply = await self.said(b"GET http://" + authority + target + b" HTTP/1.1\r\n" + own + b"\r\n")
            self.assertEqual(reply.status, 400, authority)

    async def test_http_1_0_needs_no_host(self) -> None:
        """A health check of an old load balancer names none; no browser does that."""
        self.assertEqual((await self.said(b"GET / HTTP/1.0\r\n\r\n")).status, 200)
        self.assert_problem(await self.said(b"GET / HTTP/1.0\r\nHost: evil.example.org\r\n\r\n"), 421)


class CrossSiteTests(PageCase):
    """The browser sends a POST for any page, and only keeps the answer from it."""

    base = PublicUrl("https://pypi.example.org")
    settings = Settings(hosts=("pypi.example.org",))

    async def posted(self, **headers: str) -> Reply:
        return await self.ask("/locks", "POST", LOCK, **({"Host": self.name} | headers))

    async def test_committing_a_lock_from_another_site(self) -> None:
        """The page submits a form or calls fetch in the mode no-cors."""
        own = f"http://{self.name}"
        foreign = (PAGE, "null", "", "http://localhost", "http://localhost:1", f"{own}.example.org", f"{PAGE}?{own}")
        for headers in (*({"Origin": each} for each in foreign), {"Sec_Fetch_Site": "cross-site"}):
            problem = self.assert_problem(await self.posted(**headers), 403)
            self.assertEqual(problem["type"], "urn:reqpi:cross-site", headers)
        self.assert_problem(await self.posted(Origin=own, Sec_Fetch_Site="cross-site"), 403)

    async def test_ending_or_beginning_a_session_from_another_site(self) -> None:
        """The page guesses, or has been told, the path of a session."""
        for method, path in (("POST", "/learn"), ("DELETE", f"/learn/{'a' * 32}/")):
            self.assert_problem(await self.ask(path, method, b"", Host=self.name, Origin=PAGE), 403)

    async def test_the_server_itself_and_programs_may_commit(self) -> None:
        """A page of the server's own origin, under each of its names; curl, pip and gethash, which send no Origin."""
        for headers in (
            {},
            {"Origin": f"http://{self.name}"},
            {"Origin": "https://pypi.example.org"},
            {"Origin": "https://PYPI.example.org:443", "Host": "pypi.example.org"},
            {"Sec_Fetch_Site": "same-origin"},
            {"Sec_Fetch_Site": "none"},
        ):
            reply = await self.posted(**headers)
            self.assertEqual(reply.status, 200, headers)
            self.assertEqual(json.loads(reply.body)["address"], self.address)

    async def test_reading_is_left_to_the_browser(self) -> None:
        """A link from another site to the server works; what a page may read, the browser decides: there is no CORS."""
        reply = await self.ask("/", Host=self.name, Origin=PAGE, Sec_Fetch_Site="cross-site")
        self.assertEqual(reply.status, 200)
        self.assertIsNone(reply["Access-Control-Allow-Origin"])
        self.assertIsNone(reply["Strict-Transport-Security"])


class PolicyTests(PageCase):
    """Pages of the server in a browser, next to the page of the attacker."""

    async def test_every_html_page_has_a_policy(self) -> None:
        """The page frames one of them, or has had a script put into a name that it shows."""
        for path in ("/", f"/{self.address}", f"/{self.address}/simple/", f"/{self.address}/simple/six/"):
            for _ in range(2):  # the second one is a ready answer
                reply = await self.named(self.name, path)
                self.assertTrue(str(reply["Content-Type"]).startswith("text/html"), path)
                policy = str(reply["Content-Security-Policy"])
                self.assertIn("default-src 'none'", policy)
                self.assertIn("frame-ancestors 'none'", policy)


class SecureTests(TLSCase):
    """TLS ends here, so a browser can be told never to use plain http."""

    async def test_a_browser_is_told_to_use_tls_only_except_on_loopback(self) -> None:
        """The attacker on the network waits for a request without TLS."""
        for path in ("/", f"/{self.address}/simple/six/", "/nothing"):
            for _ in range(2):  # the second one is a ready answer
                for host, expected in (("pypi.example.org", "max-age=31536000"), ("localhost:2443", None)):
                    reply = await self.ask(path, Host=host)
                    self.assertEqual(reply["Strict-Transport-Security"], expected, (path, host))
