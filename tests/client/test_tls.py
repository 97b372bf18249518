"""https, with an authority that only this test knows."""

from __future__ import annotations

from pathlib import Path

from reqpi.client import BadUsage, ServerTrouble, commit
from reqpi.core.report import Document
from tests.client.case import ALONE, DOCUMENT, ClientTestCase
from tests.client.scripted import Scripted
from tests.fake_upstream.authority import make_certificates


class TLSTests(ClientTestCase):
    """Nobody is believed without a certificate; and whom pip believes, we do."""

    def setUp(self) -> None:
        super().setUp()
        self.authority, context = make_certificates(self.home)
        self.secure = Scripted(context)
        self.addCleanup(self.secure.close)
        self.index = self.secure.takes(DOCUMENT)

    def test_an_unknown_authority_is_not_trusted(self) -> None:
        """The lock is not even sent, and the message names the variables to set."""
        error = self.assertRaises(ServerTrouble, commit, self.secure.url, ALONE)
        self.assertTrue(error.title.endswith("is not trusted: its issuer is not a known authority"), error.title)
        self.assertIn("SSL_CERT_FILE", error.detail)
        self.assertEqual(self.secure.seen, [])

    def test_an_authority_can_be_named_as_for_pip_or_for_openssl(self) -> None:
        """Each of the variables will do."""
        for name in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "PIP_CERT", "CURL_CA_BUNDLE"):
            self.patch_environment(name, str(self.authority))
            self.assertEqual(commit(self.secure.url, ALONE).index_url, self.index)
            self.patch_environment(name, None)

    def test_the_certificate_must_be_for_the_host(self) -> None:
        """It says 127.0.0.1 and not 127.1, which is the same machine by another name."""
        self.patch_environment("SSL_CERT_FILE", str(self.authority))
        error = self.assertRaises(ServerTrouble, commit, f"https://127.1:{self.secure.port}", ALONE)
        self.assertTrue(error.title.endswith("is not trusted: it is for another host name"), error.title)
        self.assertNotIn("SSL_CERT_FILE", error.detail)

    def test_the_cause_is_named_with_what_helps_against_it(self) -> None:
        """Each certificate has one flaw, and the authority is trusted."""
        for flaw, words, advice in (
            ({"begins": -9}, "it has expired", "has to renew it"),
            ({"begins": 2}, "it is not valid yet", "the clock of this machine"),
            ({"self_signed": True}, "it is self-signed", "SSL_CERT_FILE"),
        ):
            authority, context = make_certificates(self.home, **flaw)  # type: ignore[arg-type]
            self.patch_environment("SSL_CERT_FILE", str(authority))
            server = Scripted(context)
            self.addCleanup(server.close)
            error = self.assertRaises(ServerTrouble, commit, server.url, ALONE)
            self.assertTrue(error.title.endswith(f"is not trusted: {words}"), error.title)
            self.assertIn(advice, error.detail)
            self.assertEqual(server.seen, [])

    def test_a_directory_of_authorities(self) -> None:
        """With the names that OpenSSL gives: here, none, so that nothing is added."""
        folder = Path(self.mktemp())
        folder.mkdir()
        self.patch_environment("REQUESTS_CA_BUNDLE", str(folder))
        self.assertRaises(ServerTrouble, commit, self.secure.url, ALONE)

    def test_a_bundle_that_is_none(self) -> None:
        """The message names the variable and the file."""
        empty = self.home / "empty.pem"
        empty.write_text("")
        for path in (empty, self.home / "missing.pem"):
            self.patch_environment("PIP_CERT", str(path))
            error = self.assertRaises(BadUsage, commit, self.secure.url, ALONE)
            self.assertIn(f"PIP_CERT names {path}", error.title)

    def test_an_answer_that_comes_early_is_read(self) -> None:
        """As without TLS."""
        self.patch_environment("SSL_CERT_FILE", str(self.authority))
        self.secure.listens = False
        self.secure.says("/locks", 413, {"title": "too large"}, "application/problem+json")
        error = self.assertRaises(ServerTrouble, commit, self.secure.url, [Document("", b"#" * (24 << 20))])
        self.assertIn("413: too large", error.title)
