"""Upstreams behind a proxy: the requests to it, its login, and its failures."""

from __future__ import annotations

import ssl
from base64 import b64encode
from contextlib import closing
from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_name
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.error import ConnectionDone
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.task import deferLater
from twisted.internet.tcp import Client
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure

from reqpi.core.errors import UpstreamTrouble
from reqpi.core.proxies import read_proxies
from reqpi.upstream.allowed.denied import Denied
from reqpi.upstream.allowed.hosts import Hosts
from reqpi.upstream.allowed.operator import AllowedUpstreams
from reqpi.upstream.http import tunnel
from reqpi.upstream.http.proxy import ProxyTrouble
from reqpi.upstream.upstreams import Upstreams
from tests.fake_upstream import Upstream
from tests.fake_upstream.authority import make_certificates
from tests.fake_upstream.faults import Status
from tests.ports import free_ports
from tests.proxy import Answer, OwnProxy
from tests.upstream.case import UpstreamCase, reactor
from tests.upstream.names import Names
from tests.upstream.scripted import ok

LOGIN = "me:s3cret"
THING = canonicalize_name("thing")
HTML = b"<html><form>Log in</form></html>"


def page(status: str, *headers: str, body: bytes = b"") -> bytes:
    """An answer of a proxy."""
    return "\r\n".join([f"HTTP/1.1 {status}", *headers, "", ""]).encode() + body


class ProxyCase(UpstreamCase):
    """Upstreams that are asked through a proxy; no name is known to this machine."""

    def setUp(self) -> None:
        super().setUp()
        self.asking: list[Upstreams] = []

    def proxy(self, login: str | None = LOGIN, tls: ssl.SSLContext | None = None) -> OwnProxy:
        proxy = OwnProxy(login=login, tls=tls)
        self.addCleanup(proxy.close)
        self.addCleanup(lambda: Deferred.fromCoroutine(self._closed()))
        return proxy

    def through(self, index: str, option: str, upstream: Upstream | None = None, **more: Any) -> Upstreams:
        """An index that is asked through a proxy.

        :param more: for :class:`AllowedUpstreams`, and ``no_proxy``.
        """
        names = more.pop("names", None) or Names(
            reactor, {"proxy.example.org": ["127.0.0.1"], "127.0.0.1": ["127.0.0.1"]}
        )
        certificates = more.pop("certificates", b"")
        if upstream is not None and upstream.authority is not None:
            certificates += upstream.authority.read_bytes()
        proxies = read_proxies(option, {"no_proxy": more.pop("no_proxy", "")})
        upstreams = Upstreams(
            AllowedUpstreams(index, proxies=proxies, certificates=certificates, **more), names, self.clock
        )
        self.asking.append(upstreams)
        return upstreams

    async def _closed(self) -> None:
        self.clock.advance(60)
        while any(isinstance(each, Client) for each in reactor.getReaders() + reactor.getWriters()):
            await self._close()
            await deferLater(reactor, 0)
        await self._close()  # a connection that came free on the last moment was kept

    async def _close(self) -> None:
        for each in self.asking:
            await each.close()

    def certificates(self) -> tuple[Path, ssl.SSLContext]:
        """See :func:`make_certificates`."""
        folder = Path(self.mktemp())
        folder.mkdir()
        return make_certificates(folder)

    def index_of(self, upstream: Upstream) -> str:
        """Its URL, under a name that only a proxy knows."""
        return upstream.url.replace("127.0.0.1", "index.example.org")

    async def content(self, upstreams: Upstreams, url: str) -> bytes:
        with closing(await upstreams.open(url)) as transfer:
            return b"".join([piece async for piece in transfer])


class ThroughTests(ProxyCase):
    """Pages and files come through a proxy as they do without."""

    async def fetched(self, upstream: Upstream, upstreams: Upstreams) -> None:
        found = await upstreams.page(THING)
        self.assertEqual(await self.content(upstreams, found.files[0].url), self.thing.content)
        for request in upstream.requests:
            self.assertFalse([name for name in request.headers if name.startswith("proxy-")])
            self.assertTrue(request.headers["host"].startswith("index.example.org:"))

    async def test_https_goes_through_a_tunnel(self) -> None:
        """The proxy sees its own login, and nothing of what goes through."""
        upstream, proxy = self.upstream(tls=True), self.proxy()
        index = self.index_of(upstream).replace("https://", "https://you:hidden@")
        await self.fetched(upstream, self.through(index, proxy.url, upstream))
        port = index.partition("org:")[2].partition("/")[0]
        self.assertEqual(set(proxy.asked()), {f"CONNECT index.example.org:{port} HTTP/1.1"})
        login = b64encode(LOGIN.encode()).decode()
        for head in proxy.requests:
            self.assertIn(f"Proxy-Authorization: Basic {login}", head)
            self.assertNotIn("\r\nAuthorization", head)
        self.assertEqual(
            {request.headers["authorization"] for request in upstream.requests},
            {"Basic " + b64encode(b"you:hidden").decode()},
        )

    async def test_http_is_asked_with_the_whole_url(self) -> None:
        """RFC 9112, section 3.2.2."""
        upstream, proxy = self.upstream(), self.proxy()
        index = self.index_of(upstream)
        await self.fetched(upstream, self.through(index, proxy.url))
        self.assertIn(f"GET {index}thing/ HTTP/1.1", proxy.asked())
        self.assertNotIn("CONNECT", "".join(proxy.asked()))

    async def test_a_proxy_may_be_reached_over_tls(self) -> None:
        """For both kinds of URLs."""
        authority, context = self.certificates()
        for secure in (True, False):
            proxy, upstream = self.proxy(tls=context), self.upstream(tls=secure)
            option = proxy.url.replace("127.0.0.1", "proxy.example.org")
            index = self.index_of(upstream)
            upstreams = self.through(index, option, upstream, certificates=authority.read_bytes())
            await self.fetched(upstream, upstreams)
            self.assertTrue(proxy.requests)

    async def test_hosts_of_no_proxy_are_asked_directly(self) -> None:
        """And get no login of the proxy."""
        upstream, proxy = self.upstream(), self.proxy()
        names = Names(reactor, {"index.example.org": ["127.0.0.1"]})
        await self.fetched(
            upstream, self.through(self.index_of(upstream), proxy.url, names=names, no_proxy=".example.org")
        )
        self.assertEqual((proxy.requests, set(names.asked)), ([], {"index.example.org"}))

    async def test_this_machine_is_asked_directly(self) -> None:
        upstream, proxy = self.upstream(), self.proxy()
        await self.through(upstream.url, proxy.url).page(THING)
        self.assertEqual(proxy.requests, [])

    async def test_connections_to_an_upstream_are_kept(self) -> None:
        """One tunnel serves many requests, as each page is read to its end before the next one."""
        upstream, proxy = self.upstream(tls=True), self.proxy()
        upstreams = self.through(self.index_of(upstream), proxy.url, upstream)
        for number in range(10):
            upstream.wheel(f"p{number}", "1.0")
            await upstreams.page(canonicalize_name(f"p{number}"))
        self.assertEqual(len(upstream.requests), 10)
        self.assertEqual(len(proxy.requests), 1)

    async def test_an_answer_of_the_upstream_is_no_answer_of_the_proxy(self) -> None:
        """A 407 that comes through a tunnel is the upstream's, and gets no login."""
        upstream, proxy = self.upstream(tls=True), self.proxy()
        upstreams = self.through(self.index_of(upstream), proxy.url, upstream)
        upstream.fail("other", Status(407, {"Proxy-Authenticate": "Basic"}))
        trouble = await self.trouble(upstreams.open(self.index_of(upstream).replace("simple/", "other")))
        self.assertNotIsInstance(trouble, ProxyTrouble)
        self.assertIn("answered 407", trouble.title)
        self.assertFalse([each for each in upstream.requests if "proxy-authorization" in each.headers])


class TroubleTests(ProxyCase):
    """Each failure names the proxy, says what to do, and shows no login."""

    async def asked(self, data: bytes, secure: bool = True, **more: Any) -> tuple[UpstreamTrouble, OwnProxy]:
        """The trouble with a proxy that answers so."""
        proxy = self.proxy()
        proxy.answer = Answer(data, **more)
        scheme = "https" if secure else "http"
        upstreams = self.through(f"{scheme}://index.example.org/simple", proxy.url)
        trouble = await self.trouble(upstreams.page(THING))
        self.assertNotIn("s3cret", f"{trouble.title} {trouble.detail}")
        self.assertNotIn(b64encode(LOGIN.encode()).decode(), f"{trouble.title} {trouble.detail}")
        return trouble, proxy

    async def test_answers_to_connect(self) -> None:
        basic = "Proxy-Authenticate: Basic realm=corp"
        for data, title, detail, final in (
            (page("407 No", basic), "does not accept the login (407)", "http://USER:PASSWORD@HOST:PORT", True),
            (page("407 No"), "does not accept the login (407)", "", True),
            (page("401 Unauthorized", "WWW-Authenticate: Basic"), "does not accept the login (401)", "", True),
            (page("407 No", "Proxy-Authenticate: NTLM"), "a login of another kind (407)", "It requires NTLM;", True),
            (
                page("407 No", "Proxy-Authenticate: Negotiate", "proxy-authenticate: NTLM abc"),
                "of another kind (407)",
                "It requires Negotiate, NTLM;",
                True,
            ),
            (page("407 No", "Proxy-Authenticate: Negotiate", basic), "does not accept the login (407)", "", True),
            (
                page("403 Denied"),
                "refuses to connect to index.example.org:443",
                "403 Denied. Have the host",
                True,
            ),
            (page("405 Method Not Allowed"), "refuses to connect", "405 Method Not Allowed", True),
            (page("429 Slow down"), "refuses to connect", "429", False),
            (page("502 Bad Gateway"), "cannot reach index.example.org:443", "502 Bad Gateway", False),
            (page("504 Gateway Timeout"), "cannot reach index.example.org:443", "504", True),
            (page("302 Found", "Location: https://login.corp.example/x?t=1"), "a page of its own", "login.corp", True),
            (page("302 Found"), "a page of its own", "login in a browser", True),
            (page("511 Network Authentication Required"), "a page of its own", "login in a browser", True),
            (page("200 OK", "Content-Type: text/html"), "a page of its own", "login in a browser", True),
            (page("200 OK", body=HTML), "a page of its own", "login in a browser", True),
            (page("200 OK", "Content-Length: 32", body=HTML), "a page of its own", "login in a browser", True),
            (page("999 What"), "does not answer in HTTP", "write https://", True),
            (page("100 Continue"), "refuses to connect", "100", True),
            (b"SSH-2.0-OpenSSH_9.2\r\n", "does not answer in HTTP", "write https://", True),
            (b"\x15\x03\x01\x00\x02\x02\x16", "does not answer in HTTP", "write https://", True),
            (b"HTTP/1.1 200 " + b"x" * 20_000, "does not answer in HTTP", "write https://", True),
            (b"", "closed the connection", "tunnel to index.example.org", False),
            (b"HTTP/1.1 200 Connec", "closed the connection", "tunnel to index.example.org", False),
        ):
            trouble, proxy = await self.asked(data)
            self.assertIsInstance(trouble, ProxyTrouble, str(data))
            self.assertIn(f"the proxy http://127.0.0.1:{proxy.port}", trouble.title)
            self.assertIn(title, trouble.title, data)
            self.assertIn(detail, trouble.detail, data)
            self.assertIs(trouble.final, final, data)
            self.assertEqual(len(proxy.requests) == 1, final, data)

    async def test_answers_to_plain_http(self) -> None:
        """Those that only a proxy gives."""
        for data, title in (
            (page("407 No", "Content-Length: 0"), "does not accept the login (407)"),
            (page("407 No", "Proxy-Authenticate: NTLM", "Content-Length: 0"), "a login of another kind (407)"),
            (page("511 Network Authentication Required", f"Content-Length: {len(HTML)}", body=HTML), "page of its own"),
        ):
            trouble, _ = await self.asked(data, secure=False)
            self.assertIn(title, trouble.title)

    async def test_a_login_page_that_looks_like_a_tunnel(self) -> None:
        """Its page comes where TLS should begin."""
        trouble, _ = await self.asked(page("200 OK"), more=HTML)
        self.assertIn("index.example.org", trouble.title)

    async def test_a_login_is_wanted_where_there_is_none(self) -> None:
        proxy = self.proxy()
        option = proxy.url.replace(f"{LOGIN}@", "")
        trouble = await self.trouble(self.through("https://index.example.org/simple", option).page(THING))
        self.assertEqual(trouble.title, f"the proxy {option} requires a login (407)")

    async def test_silence_has_an_end(self) -> None:
        """No other client waits for that host then."""
        self.patch(tunnel, "_ANSWER", 0.05)
        for data in (b"", b"HTTP/1.1 200"):
            proxy = self.proxy()
            proxy.answer = Answer(data, "keep")
            upstreams = self.through("https://index.example.org/simple", proxy.url)
            first = await self.trouble(upstreams.page(THING))
            self.assertIn("does not answer", first.title)
            second = await self.trouble(upstreams.page(THING))
            self.assertIn("is asked again in", second.detail)
            self.assertEqual(len(proxy.requests), 1)
            proxy.close()

    async def test_a_proxy_that_is_not_there(self) -> None:
        [port] = free_ports(1)
        for option, detail in (
            (f"http://me:s3cret@127.0.0.1:{port}", "refused"),
            (f"https://me:s3cret@127.0.0.1:{port}", "refused"),
            ("http://me:s3cret@nowhere.example.org:3128", "nowhere.example.org"),
        ):
            for scheme in ("http", "https"):
                trouble = await self.trouble(self.through(f"{scheme}://index.example.org/simple", option).page(THING))
                self.assertIn(f"the proxy {option.replace('me:s3cret@', '')} cannot be reached", trouble.title)
                self.assertIn(detail, trouble.detail)
                self.assertNotIn("s3cret", str(trouble))

    async def test_a_proxy_whose_certificate_is_not_trusted(self) -> None:
        _, context = self.certificates()
        for scheme in ("http", "https"):
            proxy = self.proxy(tls=context)
            trouble = await self.trouble(self.through(f"{scheme}://index.example.org/simple", proxy.url).page(THING))
            self.assertIn(f"the proxy https://127.0.0.1:{proxy.port} cannot be reached", trouble.title)
            self.assertIn("is not trusted: its issuer is not a known authority. ", trouble.detail)
            self.assertEqual(proxy.requests, [])

    async def test_a_proxy_that_does_not_speak_tls(self) -> None:
        proxy = self.proxy()
        self.patch(tunnel, "_ANSWER", 0.1)
        option = proxy.url.replace("http://", "https://")
        for scheme in ("http", "https"):
            trouble = await self.trouble(self.through(f"{scheme}://index.example.org/simple", option).page(THING))
            self.assertIn("the proxy https://127.0.0.1", trouble.title)

    async def test_a_proxy_that_replaces_certificates(self) -> None:
        """Its own authority has to be trusted: the answer says how."""
        upstream, proxy = self.upstream(tls=True), self.proxy()
        trouble = await self.trouble(self.through(self.index_of(upstream), proxy.url).page(THING))
        cause = "its issuer is not a known authority"
        self.assertEqual(trouble.title, f"the certificate of index.example.org is not trusted: {cause}")
        self.assertIn("--ca FILE", trouble.detail)
        self.assertNotIn("s3cret", trouble.detail)

    async def test_a_second_address_of_a_proxy_that_was_too_slow_is_no_error(self) -> None:
        """Both connected; the second is closed, and no request was sent on it."""
        proxy = read_proxies("http://proxy.example.org", {}).all[0]
        factory, transport = Factory.forProtocol(Protocol), StringTransport()
        gate = tunnel._Connect(proxy, self.clock, factory, "index.example.org", 443)
        gate.makeConnection(transport)
        gate.connectionLost(Failure(ConnectionDone()))
        self.assertEqual((transport.value(), self.clock.getDelayedCalls(), self.flushLoggedErrors()), (b"", [], []))

    async def test_a_client_that_gives_up_leaves_no_connection(self) -> None:
        proxy = self.proxy()
        proxy.answer = Answer(b"", "keep")
        asking = Deferred.fromCoroutine(self.through("https://index.example.org/simple", proxy.url).page(THING))
        while not proxy.requests:
            await deferLater(reactor, 0.01)
        asking.cancel()
        await self.assertFailure(asking, CancelledError)


class GuardTests(ProxyCase):
    """The proxy looks names up, so names are judged, and addresses are as ever."""

    async def refused(self, url: str, upstreams: Upstreams) -> None:
        trouble = await self.trouble(upstreams.open(url))
        self.assertIsInstance(trouble, Denied, url)
        self.assertIn("--allow-host", trouble.detail)

    async def test_what_is_not_public_is_not_asked(self) -> None:
        """A page, a lock and a redirect all come from strangers."""
        proxy = self.proxy(login=None)
        upstreams = self.through("https://index.example.org/simple", proxy.url)
        for scheme in ("http", "https"):
            for host in (
                *("10.0.0.1", "169.254.169.254", "[fe80::1]", "[::ffff:10.0.0.1]", "127.1", "0x7f000001", "0.0.0.0"),
                *("intranet", "wiki.internal", "printer.local", "index.example.org:8443", "8.8.8.8:22"),
            ):
                await self.refused(f"{scheme}://{host}/secret", upstreams)
        self.assertEqual(proxy.requests, [])

    async def test_a_redirect_leads_no_farther(self) -> None:
        proxy, script = (
            self.proxy(login=None),
            self.scripted(ok(b"", "Location: http://wiki.internal/", status="302 F")),
        )
        port = int(script.url.rpartition(":")[2])
        upstreams = self.through(f"http://index.example.org:{port}/simple", proxy.url)
        await self.refused(f"http://index.example.org:{port}/file", upstreams)
        self.assertEqual(len(proxy.requests), 1)

    async def test_public_hosts_and_those_that_the_operator_named_are(self) -> None:
        proxy, script = self.proxy(login=None), self.scripted(ok(b"content"))
        port = int(script.url.rpartition(":")[2])
        proxy.ports["files.example.org:80"] = port
        hosts = Hosts.read([f"wiki.internal:{port}", f"10.0.0.1:{port}"], "--allow-host")
        upstreams = self.through("https://index.example.org/simple", proxy.url, hosts=hosts)
        for host in ("files.example.org", f"wiki.internal:{port}", f"10.0.0.1:{port}"):
            self.assertEqual(await self.content(upstreams, f"http://{host}/file"), b"content")

    async def test_the_address_guard_stays_for_hosts_that_are_asked_directly(self) -> None:
        names = Names(reactor, {"files.example.org": ["127.0.0.1"]})
        upstreams = self.through(
            "https://index.example.org", "http://proxy:1", names=names, no_proxy="files.example.org"
        )
        await self.refused("http://files.example.org/x", upstreams)
