"""The URL of a server, taken apart."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from reqpi.client import BadUsage
from reqpi.client.target import BasicLogin, target_of
from reqpi.core.env_vars import is_loopback


class TargetTests(SynchronousTestCase):
    """Each URL means one place, or is refused."""

    def test_ports_follow_the_scheme(self) -> None:
        """They are left out again where they say nothing."""
        for url, port in (("http://example.org", 80), ("https://example.org/", 443), ("http://example.org:2000", 2000)):
            target = target_of(url)
            self.assertEqual((target.port, target.url), (port, url.rstrip("/")))

    def test_ipv6_has_brackets_in_a_url_and_none_in_a_host(self) -> None:
        """RFC 3986, section 3.2.2."""
        target = target_of("http://[::1]:2000")
        self.assertEqual((target.host, target.url), ("::1", "http://[::1]:2000"))

    def test_a_login_is_apart(self) -> None:
        """It is in no URL that is made from here."""
        target = target_of("https://me:p%3Ass@example.org/reqpi")
        self.assertEqual(target.credentials, BasicLogin("me", "p:ss"))
        self.assertEqual(target.url, "https://example.org/reqpi")

    def test_what_is_no_url_of_a_server_is_refused(self) -> None:
        """The message has an example."""
        for url in (
            "",
            "buildhost:2000",
            "localhost",
            "ftp://example.org",
            "http://",
            "http://a:x",
            "http://[::1",
            "http://a/?q",
            "http://a/#f",
            "http://:2000",
            "http://a:99999",
        ):
            error = self.assertRaises(BadUsage, target_of, url)
            self.assertIn("http://buildhost:2000", error.detail, url)

    def test_loopback_goes_by_name_and_by_number(self) -> None:
        """A name that only begins like one is another machine."""
        for host in ("localhost", "a.localhost", "127.0.0.1", "127.1.2.3", "::1"):
            self.assertTrue(is_loopback(host), host)
        for host in ("localhost.example.org", "127.0.0.1.example.org", "10.0.0.1", "0.0.0.0", ""):
            self.assertFalse(is_loopback(host), host)
