"""Answers to requests that are not complete are answers: counted, with an id, and in the logs."""

from __future__ import annotations

from reqpi.web.http.accesslog import AccessLog
from tests.attacks.limits_case import LimitsCase
from tests.web.wire import Reply

_MALFORMED = b"nonsense\r\n\r\n"


class EarlyAnswerTests(LimitsCase):
    async def setUp(self) -> None:
        await super().setUp()
        self.lines: list[str] = []
        self.site.access = AccessLog(self.clock, self.lines.append)

    async def early(self, said: bytes, method: str = "GET") -> Reply:
        """The response to bytes after which nothing more comes for 20 seconds."""
        self.limit(head=20, body=20)
        peer = self.peer()
        peer.say(said)
        self.clock.advance(20)
        reply = await peer.wire.reply(method)
        await peer.wire.ended
        self.assertEqual(bytes(peer.wire.received), b"")
        return reply

    def assert_noted(self, reply: Reply, route: str, problem: str) -> None:
        """It is counted once, and has an id that its line in the access log ends with."""
        counts = self.site.counts
        self.assertEqual(counts.problems, {problem: 1})
        [((counted, status), count)] = counts.responses.items()
        self.assertEqual((counted, status, count.number, count.size), (route, reply.status, 1, len(reply.body)))
        self.assertRegex(str(reply["X-Request-ID"]), "^[0-9a-f]{16}$")
        self.clock.advance(1)
        self.assertEqual(self.lines[-1].split()[-1], str(reply["X-Request-ID"]))

    async def test_a_slow_request(self) -> None:
        """Where its first line has arrived, its route is known."""
        self.assert_noted(await self.early(b"GET / HT"), "other", "request-timeout")
        said = self.request("/locks", "POST", Content_Length="9000")
        self.assert_noted(await self.early(said), "locks", "request-timeout")

    async def test_a_slow_head_of_a_head_request(self) -> None:
        """Its response has no body (RFC 9110, section 9.3.2)."""
        said = self.request("/a/b", "HEAD", Content_Length="5")
        reply = await self.early(said, "HEAD")
        self.assertEqual(reply.status, 408)
        self.assertGreater(int(reply["Content-Length"] or 0), 0)
        self.assert_noted(reply, "other", "request-timeout")

    async def test_what_is_not_http(self) -> None:
        """It gets words in place of an empty response."""
        for said in (_MALFORMED, b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 1e3\r\n\r\n"):
            reply = await self.early(said)
            self.assert_problem(reply, 400)
            self.assertEqual(reply["Connection"], "close")
            self.assert_noted(reply, "other" if said is _MALFORMED else "front", "bad-request")

    async def test_a_connection_for_which_there_is_no_room(self) -> None:
        self.limit(most=1)
        self.peer().say(b"GET / HT")
        refused = self.peer()
        self.assert_noted(await refused.wire.reply(), "other", "busy")

    async def test_a_body_that_is_too_large(self) -> None:
        self.limit()
        peer = self.peer()
        peer.say(self.request("/a/b", "POST", Content_Length="1000000"))
        self.assert_noted(await peer.wire.reply(), "other", "document-too-large")
