"""Only addresses on the public internet may be connected to, unless the operator named the host."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from reqpi.upstream.allowed.addresses import why_refused

PUBLIC = (
    "8.8.8.8 1.1.1.1 172.15.0.1 172.32.0.1 100.128.0.1 2606:4700::1 64:ff9b::808:808 2002:808:808::1 ::ffff:8.8.8.8 "
    "192.0.2.1 198.51.100.1 203.0.113.1"  # nobody's, where no mirror has them
)

REFUSED = {
    "loopback": "127.0.0.1 127.255.255.254 ::1 ::ffff:127.0.0.1 ::ffff:7f00:1 64:ff9b::7f00:1 2002:7f00:1::",
    "unspecified": "0.0.0.0 :: ::ffff:0.0.0.0",
    "link-local": "169.254.169.254 fe80::1 fe80::1%eth0 ::ffff:169.254.169.254 64:ff9b::a9fe:a9fe 2002:a9fe:a9fe::",
    "multicast": "224.0.0.1 239.1.2.3 ff02::1 ff0e::1",
    "private": (
        "0.1.2.3 10.0.0.1 172.16.0.1 172.31.255.255 192.168.1.1 100.64.0.1 100.127.255.255 198.18.0.1 "
        "240.0.0.1 255.255.255.255 fc00::1 fdff::1 fec0::1 2001:db8::1 3fff::1 100::1 "
        "2001:0:1::1 ::127.0.0.1 64:ff9b:1::1 64:ff9b::a00:1 2002:a00:1:: ::ffff:10.0.0.1 4000::1"
    ),
    "not an address": "example.org 127.1 0x7f000001 2130706433 1.2.3.4.5 [::1]",
}


class AddressTests(SynchronousTestCase):
    """One kind of address after the other."""

    def test_the_public_internet_is_reached(self) -> None:
        """Through its own addresses, and through those of NAT64 and 6to4 that lead to it."""
        for address in PUBLIC.split():
            self.assertIsNone(why_refused(address), address)

    def test_everything_else_is_refused(self) -> None:
        """In words that say why; an IPv4 address within an IPv6 address counts as what it is."""
        for reason, addresses in REFUSED.items():
            for address in addresses.split():
                self.assertEqual(why_refused(address), reason, address)
