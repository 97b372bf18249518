"""Requests to upstreams are counted by host, and only the hosts that the operator named have a name there."""

from __future__ import annotations

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from reqpi.runtime.counts import OTHER, ServerCounts
from reqpi.upstream.allowed.hosts import Hosts
from reqpi.upstream.http.meter import UpstreamMeter


class MeterTests(SynchronousTestCase):
    """Each request has an outcome and a host."""

    def setUp(self) -> None:
        self.counts, self.clock = ServerCounts(), Clock()
        named = Hosts.read(["index.example.org", "own.example.org:8443", "any.example.org:*"], "--allow-host")
        self.meter = UpstreamMeter(self.counts, self.clock, named)

    def asked(self, url: str, status: int | None = 200) -> None:
        began = self.meter.began()
        self.clock.advance(0.2)
        self.meter.ended(url, began, status)

    def test_answers_are_counted_by_their_kind(self) -> None:
        for status in (200, 206, 304, 404, 503, None):
            self.asked("https://index.example.org/simple/", status)
        host = self.counts.hosts["index.example.org"]
        self.assertEqual(host.answers, {"2xx": 2, "3xx": 1, "4xx": 1, "5xx": 1, "none": 1})
        self.assertEqual(sum(host.seconds.numbers), 5)

    def test_a_host_is_up_as_long_as_it_answers_without_5xx(self) -> None:
        self.meter.expect("https://index.example.org/simple/")
        host = self.counts.hosts["index.example.org"]
        self.assertIsNone(host.is_up)
        for status, up in ((200, True), (None, False), (404, True), (502, False)):
            self.asked("https://index.example.org/simple/", status)
            self.assertIs(host.is_up, up)
        self.assertEqual(host.answered_at, self.clock.seconds())

    def test_a_port_is_part_of_the_name_if_the_operator_named_it(self) -> None:
        for url in ("https://OWN.example.org:8443/", "https://any.example.org:1/", "https://any.example.org:2/"):
            self.asked(url)
        self.assertEqual(set(self.counts.hosts), {"own.example.org:8443", "any.example.org"})

    def test_hosts_that_others_name_are_one(self) -> None:
        """A page of an upstream, or a redirect, can name as many as it likes, with a secret in each."""
        for number in range(1000):
            self.asked(f"https://{'a' * 32}{number}.example.net/", 200 + number)
        for url in ("https://own.example.org:1/", "https://user:secret@elsewhere/", "http://[::1", "x", ""):
            self.asked(url, 999)
        self.assertEqual(set(self.counts.hosts), {OTHER})
        self.assertLessEqual(set(self.counts.hosts[OTHER].answers), {"2xx", "3xx", "4xx", "5xx", "none", OTHER})

    def test_names_are_bounded_however_many_the_operator_has(self) -> None:
        many = [f"host{number}.example.org" for number in range(300)]
        meter = UpstreamMeter(self.counts, self.clock, Hosts.read(many, "--allow-host"))
        for name in many:
            meter.ended(f"https://{name}/", meter.began(), 200)
        self.assertEqual(len(self.counts.hosts), 101)
