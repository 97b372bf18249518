"""git goes through the proxy that everything else goes through."""

from __future__ import annotations

from reqpi.core.proxies import read_proxies
from reqpi.upstream.allowed.denied import Denied
from reqpi.upstream.allowed.hosts import Hosts
from reqpi.upstream.allowed.operator import AllowedUpstreams
from reqpi.upstream.git.program import GitFailed
from reqpi.upstream.upstreams import Upstreams
from tests.fake_upstream.authority import make_certificates
from tests.proxy import Answer, OwnProxy
from tests.upstream.case import reactor
from tests.upstream.names import Names
from tests.upstream.sources import SourceCase, unpacked

LOGIN = "me:s3cr%40t"


class ProxyTests(SourceCase):
    """A host whose name only the proxy knows."""

    def setUp(self) -> None:
        super().setUp()
        self.thing = self.host.repository("thing.git")
        self.commit = self.thing.commit({"a": "1"})
        self.name = f"git.example.org:{self.host.port}"

    def proxy(self, **more: object) -> OwnProxy:
        proxy = OwnProxy(**more)  # type: ignore[arg-type]
        self.addCleanup(proxy.close)
        return proxy

    def through(self, option: str, certificates: bytes = b"", **more: object) -> Upstreams:
        outside = AllowedUpstreams(
            hosts=Hosts.read([self.name], "--allow-host"),
            certificates=self.host.authority.read_bytes() + certificates,
            proxies=read_proxies(option, {}),
            **more,  # type: ignore[arg-type]
        )
        return self.made(outside, Names(reactor, {"127.0.0.1": ["127.0.0.1"]}))

    def url(self, name: str | None = None) -> str:
        return f"git+https://{name or self.name}/git/thing.git@{self.commit}"

    async def test_a_commit_comes_through_it(self) -> None:
        """And the host of the repository never hears of the login."""
        proxy = self.proxy(login="me:s3cr@t")
        option = proxy.url.replace("me:s3cr@t", LOGIN)
        files = unpacked(await self.bytes_of(self.through(option), self.url()))
        self.assertEqual(files[f"thing-{self.commit}/a"], b"1")
        asked = [line for line in proxy.asked() if line == f"CONNECT {self.name} HTTP/1.1"]
        self.assertEqual(len(asked), len(proxy.asked()))
        agents = {line for head in proxy.requests for line in head.split("\r\n") if line.startswith("User-Agent: ")}
        self.assertEqual({agent.partition("/")[0] for agent in agents}, {"User-Agent: reqpi", "User-Agent: git"})
        for request in self.host.requests:
            self.assertNotIn("proxy-authorization", {name.lower() for name in request.headers})

    async def test_the_proxy_may_be_reached_over_tls(self) -> None:
        """git trusts the same authorities there. Not farther: libcurl with GnuTLS can stall in a tunnel over TLS."""
        authority, context = make_certificates(self.folder())
        proxy = self.proxy(tls=context)
        self.host.before = lambda _: setattr(proxy, "answer", Answer(b"HTTP/1.1 403 Denied\r\n\r\n"))
        trouble = await self.trouble(self.through(proxy.url, authority.read_bytes()).open(self.url()))
        self.assertIn("403", trouble.detail)
        self.assertIn("User-Agent: git/", proxy.requests[-1])

    async def test_a_login_that_is_refused_only_later_is_not_shown(self) -> None:
        """The proxy lets our own request pass, and not git's."""
        proxy = self.proxy(login="me:s3cr@t")
        self.host.before = lambda _: setattr(proxy, "login", "you:other")
        trouble = await self.trouble(self.through(proxy.url.replace("me:s3cr@t", LOGIN)).open(self.url()))
        self.assertIsInstance(trouble, GitFailed)
        self.assertIn("407", trouble.detail)
        for secret in ("s3cr", "@t", "czNjckB0"):
            self.assertNotIn(secret, str(trouble))

    async def test_a_host_that_is_not_allowed_is_not_asked(self) -> None:
        proxy = self.proxy()
        trouble = await self.trouble(self.through(proxy.url).open(self.url("wiki.internal")))
        self.assertIsInstance(trouble, Denied)
        self.assertEqual(proxy.requests, [])
