"""Which names may be asked for through a proxy, where their addresses are unknown."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from reqpi.upstream.allowed.public_names import why_not_public


class PublicNamesTests(SynchronousTestCase):
    """A literal is checked as ever, and a name by its form."""

    def test_public_hosts_may_be_asked(self) -> None:
        for host in ("files.example.org", "FILES.example.org.", "xn--bcher-kva.example", "8.8.8.8", "2606:4700::1"):
            for port in (80, 443):
                self.assertIsNone(why_not_public(host, port), host)

    def test_names_of_private_networks_may_not(self) -> None:
        for host in (
            "intranet",
            "wiki.internal",
            "printer.local",
            "db.corp",
            "a.b.localhost",
            "router.home.arpa",
            "x.lan",
        ):
            self.assertIn("private network", why_not_public(host, 443) or "", host)

    def test_private_addresses_may_not_in_any_spelling(self) -> None:
        for host in (
            *("127.0.0.1", "10.0.0.1", "169.254.169.254", "::1", "::ffff:10.0.0.1", "fe80::1", "0.0.0.0"),
            *("127.1", "2130706433", "0x7f000001", "0177.0.0.1", "127.0.0.0x1", "1.0x", "127.0.0.1."),
        ):
            self.assertIsNotNone(why_not_public(host, 443), host)

    def test_what_is_not_a_name_may_not(self) -> None:
        for host in (
            "",
            ".",
            "a..example",
            "-a.example",
            "a b.example",
            "a@b.example",
            "a/b.example",
            "é.example",
            "a." * 200,
        ):
            self.assertIsNotNone(why_not_public(host, 443), host)

    def test_other_ports_may_not(self) -> None:
        self.assertEqual(why_not_public("files.example.org", 8443), "port 8443 is neither 80 nor 443")
