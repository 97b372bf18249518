"""Behind a real proxy: the server and the local commands, indexes and git."""

from __future__ import annotations

import os
import subprocess
import sys
from base64 import b64encode
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from twisted.trial.unittest import SynchronousTestCase

from tests.end_to_end.server import ROOT, Server
from tests.fake_upstream import Upstream
from tests.proxy import OwnProxy
from tests.sourcehost import SourceHost
from tests.tinyproxy import Tinyproxy

pytestmark = pytest.mark.clients

PASSWORD = "s3cret"
SECRETS = (PASSWORD, b64encode(f"me:{PASSWORD}".encode()).decode())


class ProxiesTests(SynchronousTestCase):
    """tinyproxy wants a login, and asks another proxy for the names that only that one knows."""

    def setUp(self) -> None:
        folder = TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.names = OwnProxy()
        self.addCleanup(self.names.close)
        self.proxy = self.tinyproxy()
        self.url = f"http://me:{PASSWORD}@{self.proxy.where}"
        self.lock = self.folder / "requirements.txt"

    def tinyproxy(self, more: str = "") -> Tinyproxy:
        proxy = Tinyproxy(self.folder / f"tinyproxy-{len(more)}", self.names.port, more)
        self.addCleanup(proxy.stop)
        return proxy

    def upstream(self, tls: bool = True) -> Upstream:
        """An index with one wheel, which the lock pins."""
        upstream = Upstream(tls=tls)
        self.addCleanup(upstream.close)
        self.thing = upstream.wheel("thing", "1.0")
        self.lock.write_text(f"thing==1.0 --hash=sha256:{sha256(self.thing.content).hexdigest()}\n")
        return upstream

    def options(self, upstream: Upstream) -> list[str]:
        ca = [] if upstream.authority is None else ["--ca", str(upstream.authority)]
        return ["--upstream", upstream.url.replace("127.0.0.1", "index.example.org"), *ca]

    def reqpi(self, *arguments: object, **environ: str) -> tuple[int, str]:
        """Run a command that finds no other proxy: its status, and all that it prints."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("REQPI_", "PIP_"))}
        kept = {name: value for name, value in kept.items() if not name.lower().endswith("_proxy")}
        done = subprocess.run(
            [sys.executable, "-m", "reqpi", *map(str, arguments)],
            cwd=self.folder,
            env=kept | {"PYTHONPATH": str(ROOT), "HOME": str(self.folder)} | environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=240,
            check=False,
        )
        for secret in SECRETS:
            self.assertNotIn(secret, done.stdout)
        return done.returncode, done.stdout

    def fetch(self, *options: object, **environ: str) -> tuple[int, str]:
        return self.reqpi("fetch", "--store", "store", "-o", "files", *options, self.lock, **environ)

    def assert_fetched(self, *options: object, **environ: str) -> None:
        status, said = self.fetch(*options, **environ)
        self.assertEqual(status, 0, said)
        found = [path.read_bytes() for path in (self.folder / "files").rglob(self.thing.filename)]
        self.assertEqual(found, [self.thing.content])

    def assert_only_through_the_proxy(self, upstream: Upstream) -> None:
        self.assertTrue(upstream.requests)
        for request in upstream.requests:
            self.assertNotIn("proxy-authorization", request.headers)
            self.assertTrue(request.headers["host"].startswith("index.example.org"))
        for head in self.names.requests:
            for secret in SECRETS:
                self.assertNotIn(secret, head)

    def test_https_goes_through_it(self) -> None:
        """As the environment says."""
        upstream = self.upstream()
        self.assert_fetched(*self.options(upstream), HTTPS_PROXY=self.url)
        self.assert_only_through_the_proxy(upstream)
        self.assertEqual({line.split()[0] for line in self.names.asked()}, {"CONNECT"})
        self.assertIn("CONNECT index.example.org", self.proxy.log)

    def test_http_goes_through_it(self) -> None:
        upstream = self.upstream(tls=False)
        self.assert_fetched(*self.options(upstream), http_proxy=self.url)
        self.assert_only_through_the_proxy(upstream)
        self.assertEqual({line.split()[0] for line in self.names.asked()}, {"GET"})
        self.assertIn("GET http://index.example.org", self.proxy.log)

    def test_an_option_comes_before_the_environment(self) -> None:
        upstream = self.upstream()
        self.assert_fetched(*self.options(upstream), "--proxy", self.url, ALL_PROXY="http://127.0.0.1:9")
        status, said = self.fetch(*self.options(upstream), "--store", "other", "--proxy", "off", HTTPS_PROXY=self.url)
        self.assertNotEqual(status, 0)
        self.assertNotIn("the proxy", said)

    def test_a_login_that_is_wrong_is_said(self) -> None:
        upstream = self.upstream()
        for option, words in (
            (self.url.replace("me:", "you:"), "does not accept the login (401)"),  # which is tinyproxy's own way
            (f"http://{self.proxy.where}", "requires a login (407)"),
        ):
            status, said = self.fetch(*self.options(upstream), "--proxy", option)
            self.assertNotEqual(status, 0)
            self.assertIn(f"the proxy http://{self.proxy.where} {words}", said)
        self.assertEqual(upstream.requests, [])

    def test_a_host_that_it_refuses_is_said(self) -> None:
        upstream, proxy = self.upstream(), self.tinyproxy("ConnectPort 443")
        status, said = self.fetch(*self.options(upstream), HTTPS_PROXY=f"http://me:{PASSWORD}@{proxy.where}")
        self.assertNotEqual(status, 0)
        self.assertIn(f"the proxy http://{proxy.where} refuses to connect to index.example.org", said)

    def test_a_variable_that_names_no_proxy_is_said(self) -> None:
        upstream = self.upstream()
        status, said = self.fetch(*self.options(upstream), HTTPS_PROXY=f"socks5://me:{PASSWORD}@{self.proxy.where}")
        self.assertNotEqual(status, 0)
        self.assertIn("HTTPS_PROXY does not name a usable proxy: socks5 proxies are not supported", said)
        self.assertIn("--proxy off", said)
        self.assertNotIn("Traceback", said)

    def test_git_goes_through_it(self) -> None:
        host = SourceHost()
        self.addCleanup(host.close)
        thing = host.repository("thing.git")
        project = '[build-system]\nrequires = []\n[project]\nname = "thing"\nversion = "1"\n'
        commit = thing.commit({"pyproject.toml": project})
        name = f"git.example.org:{host.port}"
        self.lock.write_text(f"thing @ git+https://{name}/git/thing.git@{commit}\n")
        status, said = self.fetch(
            *("--upstream", "https://index.example.org/simple/", "--ca", host.authority, "--allow-host", name),
            HTTPS_PROXY=self.url,
        )
        self.assertEqual(status, 0, said)
        agents = {line for head in self.names.requests for line in head.split("\r\n") if line.startswith("CONNECT")}
        self.assertEqual(agents, {f"CONNECT {name} HTTP/1.1"})
        self.assertGreater(len(self.names.requests), 1)

    def test_the_server_goes_through_it_with_workers_and_without(self) -> None:
        """Its log names the proxy, and shows no login."""
        upstream = self.upstream()
        for number, more in enumerate(((), ("--workers", "2"))):
            store = self.folder / f"store-{number}"
            upstream.forget()
            with Server(store, *self.options(upstream), "--proxy", self.url, *more) as server:
                status, said = self.reqpi("fetch", "--url", server.url, "-o", f"files-{number}", self.lock)
                self.assertEqual(status, 0, said)
                server.logged(f"upstreams are asked through the proxy http://{self.proxy.where}")
            self.assert_only_through_the_proxy(upstream)
            for secret in SECRETS:
                self.assertNotIn(secret, "".join(server.log))
