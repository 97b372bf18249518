"""Proxies: the environment's, and never for this machine."""

from __future__ import annotations

from base64 import b64encode

from reqpi.client import BadUsage, ServerTrouble, commit
from reqpi.core.address import address_of
from tests.client.case import ALONE, DOCUMENT, ClientTestCase


class ProxyTests(ClientTestCase):
    """The scripted server plays the proxy; what it is asked for is a server that nobody could resolve."""

    def setUp(self) -> None:
        super().setUp()
        self.address = address_of(DOCUMENT)
        self.server.says("http://server.invalid:2000/reqpi/locks", 201, {"address": self.address})

    def test_it_is_asked_with_the_whole_url(self) -> None:
        """RFC 9112, section 3.2.2; and it has a login of its own."""
        self.patch_environment("http_proxy", f"http://me:secret@127.0.0.1:{self.server.port}")
        committed = commit("http://you:hidden@server.invalid:2000/reqpi", ALONE)
        self.assertEqual(committed.index_url, f"http://server.invalid:2000/reqpi/{self.address}/simple/")
        headers = self.server.seen[0].headers
        self.assertEqual(headers["Host"], "server.invalid:2000")
        self.assertEqual(headers["Proxy-Authorization"], "Basic " + b64encode(b"me:secret").decode())
        self.assertEqual(headers["Authorization"], "Basic " + b64encode(b"you:hidden").decode())

    def test_its_url_may_come_without_a_scheme(self) -> None:
        """Many write it so."""
        self.patch_environment("http_proxy", f"127.0.0.1:{self.server.port}")
        commit("http://server.invalid:2000/reqpi", ALONE)
        self.assertEqual(len(self.server.seen), 1)

    def test_this_machine_is_asked_directly(self) -> None:
        """Whatever the variables say: a proxy's loopback is another machine."""
        self.patch_environment("http_proxy", "http://proxy.invalid:3128")
        self.patch_environment("all_proxy", "http://proxy.invalid:3128")
        self.server.takes(DOCUMENT)
        commit(self.server.url, ALONE)
        self.assertEqual(self.server.seen[0].path, "/locks")

    def test_hosts_in_no_proxy_are_asked_directly(self) -> None:
        """The host is not to be found then, and the proxy has heard nothing."""
        self.patch_environment("http_proxy", f"http://127.0.0.1:{self.server.port}")
        self.patch_environment("no_proxy", "server.invalid")
        self.assertRaises(ServerTrouble, commit, "http://server.invalid:2000/reqpi", ALONE)
        self.assertEqual(self.server.seen, [])

    def test_other_kinds_of_proxies_are_named_as_such(self) -> None:
        """They are not passed over in silence."""
        self.patch_environment("http_proxy", "socks5://127.0.0.1:1080")
        error = self.assertRaises(BadUsage, commit, "http://server.invalid:2000", ALONE)
        self.assertIn("http_proxy", error.title)

    def test_a_proxy_over_tls_is_named_as_such(self) -> None:
        """The server's own requests support it, and this client does not."""
        self.patch_environment("http_proxy", "https://me:secret@127.0.0.1:8443")
        error = self.assertRaises(BadUsage, commit, "http://server.invalid:2000", ALONE)
        self.assertIn("http_proxy", error.title)
        self.assertNotIn("secret", str(error))

    def test_a_proxy_that_is_not_needed_may_be_of_any_kind(self) -> None:
        """Neither the other scheme's, nor one that no_proxy makes an exception to."""
        self.patch_environment("https_proxy", "socks5://127.0.0.1:1080")
        self.patch_environment("http_proxy", f"http://127.0.0.1:{self.server.port}")
        commit("http://server.invalid:2000/reqpi", ALONE)
        self.patch_environment("http_proxy", "socks5://127.0.0.1:1080")
        self.patch_environment("no_proxy", "10.0.0.0/8,.invalid")
        self.assertRaises(ServerTrouble, commit, "http://server.invalid:2000/reqpi", ALONE)
