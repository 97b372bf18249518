"""Over TLS: an upstream is who it says, and one that hangs does not keep its connection."""

from __future__ import annotations

import os
from typing import Any
from unittest import mock

from twisted.internet import reactor as _reactor
from twisted.internet.task import deferLater
from twisted.internet.tcp import Client

from tests.client.scripted import Scripted
from tests.fake_upstream import faults
from tests.fake_upstream.authority import make_certificates
from tests.storage.scratch import scratch
from tests.upstream.case import UpstreamCase
from tests.upstream.scripted import ok

reactor: Any = _reactor


class TlsCase(UpstreamCase):
    """An upstream with a certificate of the tests' own authority."""

    def setUp(self) -> None:
        super().setUp()
        self.secure = self.upstream(tls=True)

    def trusting(self) -> None:
        """Trust that authority, as ``SSL_CERT_FILE`` lets an operator do."""
        trust = mock.patch.dict(os.environ, {"SSL_CERT_FILE": str(self.secure.authority)})
        trust.start()
        self.addCleanup(trust.stop)
        self.agent = self.an_agent()


class TrustTests(TlsCase):
    """Certificates."""

    async def test_an_upstream_that_is_trusted_is_asked(self) -> None:
        """Page and file, over one connection."""
        self.trusting()
        index = self.index(self.secure.url)
        [file] = (await index.page("thing")).files  # type: ignore[arg-type]
        transfer = await index.open(file.url)
        self.assertEqual(b"".join([piece async for piece in transfer]), self.thing.content)

    async def test_an_upstream_that_is_not_trusted_is_not_asked(self) -> None:
        """Its certificate is from an authority that the system does not know."""
        trouble = await self.trouble(self.page(self.secure.url))
        cause = "its issuer is not a known authority"
        self.assertRegex(trouble.title, f"^the certificate of 127.0.0.1:[0-9]+ is not trusted: {cause}$")
        self.assertIn("--ca FILE", trouble.detail)
        self.assertEqual(self.secure.requests, [])

    async def test_the_cause_is_named_with_what_helps_against_it(self) -> None:
        """Each certificate has one flaw, and the authority is trusted."""
        for flaw, words, advice in (
            ({"address": "127.0.0.2"}, "it is for another host name", "Write the name in the URL"),
            ({"begins": -9}, "it has expired", "has to renew it"),
            ({"begins": 2}, "it is not valid yet", "the clock of this machine"),
            ({"self_signed": True}, "it is self-signed", "--ca FILE"),
        ):
            authority, context = make_certificates(scratch(self), **flaw)  # type: ignore[arg-type]
            host = Scripted(context)
            self.addCleanup(host.close)
            with mock.patch.dict(os.environ, {"SSL_CERT_FILE": str(authority)}):
                self.agent = self.an_agent()
                trouble = await self.trouble(self.page(f"{host.url}/simple/"))
            self.assertTrue(trouble.title.endswith(f"is not trusted: {words}"), trouble.title)
            self.assertIn(advice, trouble.detail)
            self.assertEqual(host.seen, [])

    async def test_a_mix_up_of_schemes_is_trouble(self) -> None:
        """A handshake on a TLS port, and a request on a plain one."""
        trouble = await self.trouble(self.page(self.secure.url.replace("https:", "http:")))
        self.assertIn("failed", trouble.title)
        self.assertEqual(self.secure.requests, [])

    async def test_a_redirect_to_http_is_refused(self) -> None:
        """An eavesdropper could answer in the upstream's place."""
        self.trusting()
        plain = self.scripted(ok(b""))
        self.secure.fail("page", faults.Status(302, {"Location": plain.url}))
        trouble = await self.trouble(self.page(self.secure.url))
        self.assertIn("from https to http", trouble.title)
        self.assertTrue(trouble.final)
        self.assertEqual(plain.requests, [])

    async def test_a_redirect_to_https_is_followed(self) -> None:
        """The other way round is common."""
        self.trusting()
        plain = self.scripted(ok(b"", f"Location: {self.secure.url}thing/", status="301 Moved"))
        self.assertEqual(len((await self.page(plain.url)).files), 1)


class HangingTests(TlsCase):
    """A server that says nothing any more, not even goodbye."""

    async def test_cutting_it_off_ends_the_connection(self) -> None:
        """TLS would wait for an answer to its own goodbye; what was not read yet must not hold it up either."""
        self.trusting()
        for fault in (faults.Hang(after=10), faults.Endless(1 << 40)):
            self.secure.fail("file", fault)
            transfer = await self.index("http://h/").open(self.secure.file_url(self.thing))
            [connection] = [each for each in reactor.getReaders() if isinstance(each, Client)]
            for _ in range(50):
                await deferLater(reactor, 0)
            transfer.close()
            for _ in range(50):
                await deferLater(reactor, 0)
            self.assertFalse(connection.connected, fault)
