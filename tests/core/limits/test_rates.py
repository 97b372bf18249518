"""Rates, and the buckets of clients."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from reqpi.core.limits.networks import client_address, network_of
from reqpi.core.limits.rates import BadRate, Bucket, Rate, read_rate


class RateTests(SynchronousTestCase):
    """The text of an option."""

    def test_a_rate_is_a_number_for_a_unit(self) -> None:
        """A burst that is not specified is one unit of it."""
        for text, each, burst in (
            ("1/s", 1.0, 1),
            ("60/min", 1.0, 60),
            ("30/h,burst=7", 120.0, 7),
            ("1000/s,burst=50000", 0.001, 50000),
        ):
            self.assertEqual(read_rate(text), Rate(each, burst), text)
        self.assertIsNone(read_rate("off"))

    def test_any_other_text_is_an_error(self) -> None:
        """It says what to write."""
        for text in (
            "",
            "5",
            "5/",
            "5/day",
            "0/s",
            "5/s,burst=0",
            "-5/s",
            "5/s,burst",
            "5 / s",
            "1e3/s",
            "OFF",
            "5/s\n",
        ):
            self.assertIn("60/min,burst=600", str(self.assertRaises(BadRate, read_rate, text)), text)

    def test_processes_share_a_rate(self) -> None:
        """All together do not exceed it by more than a request for each."""
        self.assertEqual(Rate(0.5, 100).share(4), Rate(2.0, 25))
        self.assertEqual(Rate(0.5, 2).share(4), Rate(2.0, 1))
        self.assertEqual(Rate(0.5, 2).share(1), Rate(0.5, 2))


class BucketTests(SynchronousTestCase):
    """What one client may do."""

    def test_a_burst_and_then_the_rate(self) -> None:
        """Over an hour, as many as both allow and not one more."""
        bucket = Bucket(Rate(2.0, 10))
        taken = [second for second in range(1000, 4600) for _ in range(3) if bucket.take(float(second))]
        self.assertEqual(taken[:10], [1000, 1000, 1000, 1001, 1001, 1001, 1002, 1002, 1002, 1003])
        self.assertEqual(len(taken), 10 + 3600 // 2 - 1)

    def test_it_says_how_long_to_wait(self) -> None:
        """After that time one request is allowed, and before it none."""
        bucket = Bucket(Rate(10.0, 2))
        self.assertEqual([bucket.take(5e8), bucket.take(5e8), bucket.take(5e8)], [True, True, False])
        self.assertAlmostEqual(bucket.wait(5e8), 10.0, 3)
        self.assertFalse(bucket.take(5e8 + 9.9))
        self.assertTrue(bucket.take(5e8 + 10.0))
        self.assertEqual(Bucket(Rate(10.0, 2)).wait(5e8), 0.0)

    def test_rest_fills_it_to_the_burst_and_no_further(self) -> None:
        """A week without a request is worth no more."""
        bucket = Bucket(Rate(1.0, 5))
        bucket.take(0.0)
        self.assertEqual(sum(bucket.take(600_000.0) for _ in range(100)), 5)

    def test_a_clock_that_is_set_back_does_not_lock_a_client_out(self) -> None:
        """It waits as if its bucket were empty."""
        bucket = Bucket(Rate(1.0, 5))
        bucket.take(1e9)
        self.assertFalse(bucket.take(1000.0))
        self.assertLess(bucket.wait(1000.0), 1.01)
        self.assertTrue(bucket.take(1002.0))


class NetworkTests(SynchronousTestCase):
    """Who counts as one client."""

    def test_an_address_of_ipv4_and_a_network_of_ipv6(self) -> None:
        """Each in one form, whatever form the address has."""
        for host, network in (
            ("192.0.2.1", "192.0.2.1"),
            ("::ffff:192.0.2.1", "192.0.2.1"),
            ("2001:db8::1", "2001:db8::/64"),
            ("2001:0DB8:0:0:ffff::1", "2001:db8::/64"),
            ("fe80::1%eth0", "fe80::/64"),
            ("-", "-"),
        ):
            self.assertEqual(network_of(host), network)

    def test_the_last_proxy_is_believed(self) -> None:
        """It writes the address of its client behind what the client sent."""
        for forwarded, address in (
            ("192.0.2.1", "192.0.2.1"),
            ("10.0.0.1, 192.0.2.1", "192.0.2.1"),
            ("192.0.2.1, unknown", "-"),
            ("2001:DB8::1", "2001:db8::1"),
            ("", "-"),
        ):
            self.assertEqual(client_address("-", forwarded, trusted=True), address)
            self.assertEqual(client_address("192.0.2.9", forwarded, trusted=False), "192.0.2.9")

    def test_some_proxies_write_a_port(self) -> None:
        """It is another one for each connection of the same client."""
        for forwarded, address in (
            ("192.0.2.1:49152", "192.0.2.1"),
            ("[2001:db8::1]", "2001:db8::1"),
            ("10.0.0.1, [2001:DB8::1]:443", "2001:db8::1"),
            ("2001:db8::1:443", "2001:db8::1:443"),
            ("[2001:db8::1]443", "-"),
            ("[192.0.2.1", "-"),
            ("192.0.2.1:port", "-"),
        ):
            self.assertEqual(client_address("-", forwarded, trusted=True), address)
