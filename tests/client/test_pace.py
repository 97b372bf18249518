"""The rate of a long response has a bound."""

from __future__ import annotations

import http.client
import socket
from collections.abc import Callable, Iterator
from itertools import chain, count, repeat

from twisted.trial.unittest import SynchronousTestCase

from reqpi.client.errors import ServerTrouble
from reqpi.client.pace import HEAD_START, SLOWEST, pieces


class PaceTests(SynchronousTestCase):
    """A slow network is served to the end; a server that holds a client is left."""

    def response(self, body: bytes) -> http.client.HTTPResponse:
        ours, theirs = socket.socketpair()
        self.addCleanup(ours.close)
        with theirs:
            theirs.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
        response = http.client.HTTPResponse(ours)
        response.begin()
        self.addCleanup(response.close)
        return response

    def clock(self, step: float) -> Callable[[], float]:
        """Return a clock that goes on by ``step`` seconds for each look at it."""
        times: Iterator[float] = count(0.0, step)
        return lambda: next(times)

    def test_a_body_arrives_as_it_was_sent(self) -> None:
        self.assertEqual(b"".join(pieces(self.response(b"abc" * 1000), "http://it")), b"abc" * 1000)

    def test_a_body_that_takes_hours_in_which_hardly_anything_arrives_is_given_up(self) -> None:
        said = self.assertRaises(ServerTrouble, list, pieces(self.response(b"abc"), "http://it", self.clock(3600)))
        self.assertEqual(said.title, "http://it sends too slowly")

    def test_seconds_at_the_beginning_do_not_count(self) -> None:
        slow = pieces(self.response(b"abc"), "http://it", self.clock(HEAD_START))
        self.assertEqual(b"".join(slow), b"abc")

    def test_the_slowest_rate_is_enough(self) -> None:
        body = bytes(10 * SLOWEST)
        times = chain([0.0], repeat(HEAD_START + 1))
        slow = pieces(self.response(body), "http://it", lambda: next(times))
        self.assertEqual(len(b"".join(slow)), len(body))
