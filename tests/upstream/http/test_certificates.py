"""An authority of the operator's own, and hosts that need none."""

from __future__ import annotations

from pathlib import Path

from reqpi.core.errors import Misconfigured
from reqpi.upstream.allowed.hosts import Hosts
from reqpi.upstream.allowed.operator import AllowedUpstreams
from reqpi.upstream.http.tls import TlsTrust, read_certificates
from tests.upstream.case import reactor
from tests.upstream.names import Names
from tests.upstream.sources import SourceCase


class AuthorityTests(SourceCase):
    """``--ca FILE``."""

    async def test_it_is_believed_beside_the_platforms(self) -> None:
        """For an index, an archive and a repository alike; several may stand in one file."""
        secure = self.upstream(tls=True)
        thing = self.host.repository("thing")
        commit = thing.commit({"a": "1"})
        assert secure.authority is not None
        both = self.folder() / "both.pem"
        both.write_bytes(b"a comment\n" + secure.authority.read_bytes() + self.host.authority.read_bytes())
        upstreams = self.upstreams(certificates=read_certificates(both), default=secure.url)
        self.assertEqual(len((await upstreams.page("thing")).files), 1)  # type: ignore[arg-type]
        self.assertEqual(await self.bytes_of(upstreams, self.host.archive("x", b"x")), b"x")
        self.assertTrue(await self.bytes_of(upstreams, f"git+{thing.url}@{commit}"))

    async def test_nobody_is_believed_without(self) -> None:
        """The request is never sent."""
        thing = self.host.repository("thing")
        for url in (self.host.archive("x", b"x"), f"git+{thing.url}@{'ab' * 20}"):
            trouble = await self.trouble(self.upstreams(certificates=b"").open(url))
            self.assertRegex(str(trouble), "certificate .*(verif|is not trusted: its issuer is not a known authority)")
        self.assertEqual(self.host.requests, [])

    async def test_what_the_environment_says_counts_for_git_too(self) -> None:
        """``SSL_CERT_FILE`` is how a platform's authorities are moved."""
        import os

        self.patch(os, "environ", {**os.environ, "SSL_CERT_FILE": str(self.host.authority)})
        os.putenv("SSL_CERT_FILE", str(self.host.authority))
        self.addCleanup(os.unsetenv, "SSL_CERT_FILE")
        thing = self.host.repository("thing")
        commit = thing.commit({"a": "1"})
        self.assertTrue(await self.bytes_of(self.upstreams(certificates=b""), f"git+{thing.url}@{commit}"))

    def test_a_file_that_has_none_is_refused(self) -> None:
        """By its name."""
        path = Path(self.mktemp())
        for content in (b"", b"nonsense", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"):
            path.write_bytes(content)
            self.assertIn(str(path), str(self.assertRaises(Misconfigured, read_certificates, path)))
        self.assertRaises(Misconfigured, read_certificates, Path("/nonexistent"))


class TrustedHostTests(SourceCase):
    """``--trusted-host HOST``: any certificate is accepted there."""

    async def test_its_certificate_is_not_looked_at(self) -> None:
        """For an archive and for a repository; the name, which is not in it either, leads to where it was looked up."""
        thing = self.host.repository("thing")
        commit = thing.commit({"a": "1"})
        name = f"trusted.example:{self.host.port}"
        names = Names(reactor, {"trusted.example": ["127.0.0.1"]})
        hosts = Hosts.read([name], "")
        upstreams = self.made(AllowedUpstreams(hosts=hosts, unverified=hosts), names)
        self.host.archive("x", b"x")
        self.assertEqual(await self.bytes_of(upstreams, f"archive+https://{name}/x"), b"x")
        self.assertTrue(await self.bytes_of(upstreams, f"git+https://{name}/git/thing@{commit}"))

    async def test_that_is_for_no_other_host(self) -> None:
        """Nor for another port of it."""
        trust = TlsTrust(b"", Hosts.read(["a.example", "b.example:8443"], ""))
        self.assertFalse(trust.verifies("A.example", 443))
        self.assertFalse(trust.verifies("b.example", 8443))
        self.assertTrue(trust.verifies("b.example", 443))
        self.assertTrue(trust.verifies("a.example", 8443))
        await self.trouble(
            self.upstreams(certificates=b"", unverified=Hosts.read(["127.0.0.1"], "")).open(
                self.host.archive("x", b"x")
            )
        )
        self.assertEqual(self.host.requests, [])

    async def test_to_be_trusted_is_not_to_be_allowed(self) -> None:
        """The one is about TLS, the other about what a lock may name."""
        hosts = Hosts.read([self.host.name], "")
        upstreams = self.made(AllowedUpstreams(unverified=hosts), reactor)
        await self.trouble(upstreams.open(f"archive+{self.host.archive('x', b'x')}"))
        self.assertEqual(self.host.connections, 0)
