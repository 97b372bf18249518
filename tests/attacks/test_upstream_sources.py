"""A malicious host of archives or git repositories, against the logins and the addresses of other hosts."""

from __future__ import annotations

from base64 import b64decode
from typing import Any

from reqpi.core.proxies import read_proxies
from reqpi.upstream.allowed.credentials import basic
from reqpi.upstream.allowed.operator import AllowedUpstreams
from reqpi.upstream.http.client_certificate import read_client_certificate
from reqpi.upstream.upstreams import Upstreams
from tests.attacks.upstream_case import TwoUpstreamsCase, at, with_login
from tests.proxy import OwnProxy
from tests.sourcehost import SourceHost
from tests.upstream.case import reactor
from tests.upstream.http.test_client_certificate import made
from tests.upstream.names import Names
from tests.upstream.sources import SourceCase


class SourceTests(SourceCase):
    """Both hosts are allowed, and have logins in netrc; ``x`` is malicious."""

    def setUp(self) -> None:
        super().setUp()
        self.x, self.y = self.host, self.a_host()
        self.x_url, self.y_url = at("x.example.org", self.x.url), at("y.example.org", self.y.url)
        self.netrc = {"x.example.org": basic("x", "secret"), "y.example.org": basic("y", "secret")}

    def sources(self, **more: Any) -> Upstreams:
        names = Names(reactor, {"x.example.org": ["127.0.0.1"], "y.example.org": ["127.0.0.1"]})
        settings = {
            "hosts": TwoUpstreamsCase.hosts(self, self.x_url, self.y_url),  # type: ignore[arg-type]
            "certificates": self.x.authority.read_bytes() + self.y.authority.read_bytes(),
            "logins": self.netrc,
            **more,
        }
        return self.made(AllowedUpstreams(**settings), names)

    def users(self, host: SourceHost) -> list[str]:
        """Return the user of each request, empty for none."""
        logins = [each.headers.get("authorization", "").removeprefix("Basic ") for each in host.requests]
        return [b64decode(login).decode().partition(":")[0] for login in logins]

    async def test_an_archive_redirects_to_another_host(self) -> None:
        """The file is there, but it is not sent the login."""
        self.x.redirects["/a.tar.gz"] = f"{self.y_url}/a.tar.gz"
        self.y.archive("a.tar.gz", b"y")
        self.assertEqual(await self.bytes_of(self.sources(), f"archive+{self.x_url}/a.tar.gz"), b"y")
        self.assertEqual((self.users(self.x), self.users(self.y)), (["x"], [""]))

    async def test_an_archive_redirects_there_and_back(self) -> None:
        """Y chooses what is requested from X, so it gets no login."""
        self.x.redirects["/a.tar.gz"] = f"{self.y_url}/a.tar.gz"
        self.y.redirects["/a.tar.gz"] = f"{self.x_url}/b.tar.gz"
        self.x.archive("b.tar.gz", b"x")
        self.assertEqual(await self.bytes_of(self.sources(), f"archive+{self.x_url}/a.tar.gz"), b"x")
        self.assertEqual((self.users(self.x), self.users(self.y)), (["x", ""], [""]))

    async def test_a_repository_redirects_to_another_host(self) -> None:
        """Neither our request nor those of git send the login of Y."""
        thing = self.y.repository("thing")
        commit = thing.commit({"a": "1"})
        self.x.redirects["/git/thing"] = f"{self.y_url}/git/thing*"
        self.assertTrue(await self.bytes_of(self.sources(), f"git+{self.x_url}/git/thing@{commit}"))
        self.assertGreater(len(self.y.requests), 1)
        self.assertEqual((self.users(self.x), set(self.users(self.y))), (["x"], {""}))

    async def test_a_repository_redirects_there_and_back(self) -> None:
        """Git is given no login either."""
        thing = self.x.repository("thing")
        commit = thing.commit({"a": "1"})
        self.x.redirects["/old"] = f"{self.y_url}/old*"
        self.y.redirects["/old"] = f"{self.x_url}/git/thing*"
        self.assertTrue(await self.bytes_of(self.sources(), f"git+{self.x_url}/old@{commit}"))
        self.assertGreater(len(self.x.requests), 2)
        self.assertEqual((set(self.users(self.x)[1:]), self.users(self.y)), ({""}, [""]))

    async def test_a_redirect_does_not_use_the_client_certificate(self) -> None:
        """Y lets only the server's certificate in, and X redirects to it: an archive and a repository."""
        certificate, key = made()
        path = self.folder() / "client.pem"
        path.write_bytes(certificate + key)
        context: Any = self.y._server.socket.context  # type: ignore[attr-defined]
        context.verify_mode, context.maximum_version = 2, 0x0303  # required; TLS 1.2
        context.load_verify_locations(cadata=certificate.decode())
        sources = self.sources(client_certificate=read_client_certificate(path))
        self.y.archive("a.tar.gz", b"y")
        self.x.redirects |= {"/a": f"{self.y_url}/a*", "/git": f"{self.y_url}/git*"}
        await self.trouble(sources.open(f"archive+{self.x_url}/a.tar.gz"))
        await self.trouble(sources.open(f"git+{self.x_url}/git/thing@{'ab' * 20}"))
        self.assertEqual(self.y.requests, [])
        self.assertEqual(await self.bytes_of(sources, f"archive+{self.y_url}/a.tar.gz"), b"y")

    async def test_a_redirect_of_a_local_command_does_not_reach_an_upstream(self) -> None:
        """The upstream is on a private address, and its login is the server's."""
        upstream = self.upstream(tls=True)
        url = at("y.example.org", upstream.url)
        self.x.redirects |= {"/a": f"{url}thing/", "/git": f"{url}thing/info/refs?service=git-upload-pack"}
        hosts = TwoUpstreamsCase.hosts(self, self.x_url)  # type: ignore[arg-type]
        sources = self.sources(default=with_login(url), hosts=hosts, local=True)
        await self.trouble(sources.open(f"archive+{self.x_url}/a"))
        await self.trouble(sources.open(f"git+{self.x_url}/git/thing@{'ab' * 20}"))
        self.assertEqual(len(self.x.requests), 2)
        self.assertEqual(upstream.connections, 0)


class ProxyTests(TwoUpstreamsCase):
    """Only the proxy knows addresses, so names are checked."""

    async def test_a_link_to_a_private_name_of_another_upstream_is_not_asked_for(self) -> None:
        """The proxy could reach it; B itself may be asked."""
        proxy = OwnProxy(login=None)
        self.addCleanup(proxy.close)
        private = self.b_url.replace("b.example", "b.internal")
        self.names._addresses |= {"127.0.0.1": ["127.0.0.1"]}  # type: ignore[operator]
        shelf = self.shelf(upstreams={"b": with_login(private)}, proxies=read_proxies(proxy.url, {}))
        self.link(self.a, private.replace("simple/", "files/"))
        errors = await self.everything(shelf)
        self.assertIn("b.internal is not asked through a proxy", "".join(errors))
        self.assertTrue(proxy.asked())
        self.assertEqual([line for line in proxy.asked() if "b.internal" in line], [])
