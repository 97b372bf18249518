"""Hosts are the same hosts in every spelling, and no others."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from reqpi.core.errors import Misconfigured
from reqpi.upstream.allowed.hosts import Hosts


def hosts(*words: str) -> Hosts:
    return Hosts.read(words, "--allow-host")


class HostsTests(SynchronousTestCase):
    """What an operator names."""

    def test_a_host_is_its_usual_ports(self) -> None:
        """Another port is another service."""
        named = hosts("example.org")
        self.assertTrue(named.has("example.org", 443))
        self.assertTrue(named.has("EXAMPLE.org", 80))
        self.assertFalse(named.has("example.org", 22))

    def test_a_port_is_that_port(self) -> None:
        """And a star all of them."""
        self.assertTrue(hosts("example.org:8443").has("example.org", 8443))
        self.assertFalse(hosts("example.org:8443").has("example.org", 443))
        self.assertTrue(hosts("example.org:*").has("example.org", 22))

    def test_a_trusted_host_is_all_of_its_ports(self) -> None:
        """As with pip's option of that name; one port can be named."""
        named = Hosts.read(["example.org", "other.example:8443"], "--trusted-host", every_port=True)
        self.assertTrue(named.has("example.org", 8443))
        self.assertTrue(named.has("other.example", 8443))
        self.assertFalse(named.has("other.example", 443))

    def test_no_pattern_stands_for_hosts(self) -> None:
        """It would name no host, and whoever wrote it would believe that it names all."""
        for word in ("*", "*.example.org", "*:8443", "*:*"):
            self.assertIn("Name each host", str(self.assertRaises(Misconfigured, hosts, word)), word)

    def test_an_address_has_one_spelling(self) -> None:
        """With brackets in a URL, and without in a URL's parts."""
        self.assertTrue(hosts("[2001:DB8::0:1]").has("2001:db8::1", 443))
        self.assertTrue(hosts("[::1]:8443").has("0:0::1", 8443))

    def test_a_name_in_another_script_is_the_name_that_is_looked_up(self) -> None:
        """Whichever of the two was written."""
        self.assertTrue(hosts("bücher.example").has("xn--bcher-kva.example", 443))
        self.assertTrue(hosts("xn--bcher-kva.example").has("BÜCHER.example", 443))

    def test_part_of_a_name_is_another_name(self) -> None:
        """On neither side."""
        named = hosts("example.org")
        for host in ("www.example.org", "example.org.evil.example", "notexample.org", "example.org.", "", "example"):
            self.assertFalse(named.has(host, 443), host)

    def test_what_is_no_host_is_refused(self) -> None:
        """With what was written, and what is wanted."""
        for word in ("", "https://example.org", "example.org/x", "me@example.org", "example.org:", "example.org:0"):
            self.assertIn("HOST:PORT", str(self.assertRaises(Misconfigured, hosts, word)), word)
        for word in ("example.org:65536", "example.org:http", "a b", "a\nb", "::1", "[example.org]", ":443"):
            self.assertRaises(Misconfigured, hosts, word)
