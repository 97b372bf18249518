"""Who asked for what: every answer has a line, soon, and in one form whichever way it went."""

from __future__ import annotations

import json

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from reqpi.core.timestamps import timestamp
from reqpi.web.http.accesslog import AccessLog
from reqpi.web.http.json_access_log import JsonAccessLog
from reqpi.web.http.ready_answers import ReadyAnswers
from reqpi.web.routes import Root
from tests.attacks.limits_case import ATTACKER, LimitsCase
from tests.web.case import WebCase


class Lines(SynchronousTestCase):
    """They are written some at a time."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.clock.advance(1_000_000_000)
        self.written: list[str] = []
        self.log = AccessLog(self.clock, self.written.append)

    def test_a_line_waits_a_moment(self) -> None:
        """And those that come meanwhile go with it."""
        self.log.note("one")
        self.clock.advance(0.1)
        self.log.note("two")
        self.assertEqual(self.written, [])
        self.clock.advance(0.1)
        self.assertEqual(self.written, ["one\ntwo\n"])
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_many_do_not_wait(self) -> None:
        """Nothing grows without a bound."""
        for number in range(600):
            self.log.note(str(number))
        self.assertEqual([lines.count("\n") for lines in self.written], [250, 250])
        self.log.flush()
        self.assertEqual("".join(self.written).split("\n")[:-1], [str(number) for number in range(600)])
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_nobody_can_go_on_with_a_session_of_learning_that_is_in_it(self) -> None:
        """Whether it was asked for, or referred to."""
        self.log.note(f'"GET /learn/{"0123456789abcdef" * 2}/simple/six/ HTTP/1.1" "/learn/{"f" * 32}/"')
        self.log.flush()
        self.assertEqual(self.written, ['"GET /learn/012345.../simple/six/ HTTP/1.1" "/learn/ffffff.../"\n'])

    def test_the_moment(self) -> None:
        """To the second."""
        first = self.log.timestamp(self.log.now())
        self.assertRegex(first, r"^\[0?9/Sep/2001:01:46:40 \+0000\]$")
        self.clock.advance(1)
        self.assertNotEqual(self.log.timestamp(self.log.now()), first)


class ClientAddressTests(SynchronousTestCase):
    """The address of a line is that of the client, as far as the operator trusts who says so."""

    def logged(self, forwarded: str, *, trust_proxy: bool) -> str:
        lines: list[str] = []
        log = AccessLog(Clock(), lines.append, trust_proxy=trust_proxy)
        log.note_ready("192.0.2.1", forwarded, log.text_of("GET / HTTP/1.1", '200 5 "-" "-"'), 0.0)
        log.flush()
        return lines[0].partition(" ")[0]

    def test_the_address_of_the_connection(self) -> None:
        self.assertEqual(self.logged("", trust_proxy=True), "192.0.2.1")
        self.assertEqual(self.logged("198.51.100.7", trust_proxy=False), "192.0.2.1")

    def test_the_last_address_that_a_trusted_proxy_wrote(self) -> None:
        self.assertEqual(self.logged("203.0.113.9, 198.51.100.7", trust_proxy=True), "198.51.100.7")
        self.assertEqual(self.logged("2001:DB8::1", trust_proxy=True), "2001:db8::1")

    def test_anything_but_an_address_is_not_written(self) -> None:
        for forged in ('x" 200', "198.51.100.7\n", "unknown", "_hidden", "198.51.100.7:80"):
            self.assertIn(self.logged(forged, trust_proxy=True), ("192.0.2.1", "198.51.100.7"))


class BothWays(WebCase):
    """What is answered at once has the same line as what is not."""

    async def test_the_lines_are_alike(self) -> None:
        """Agent and referrer are escaped; HEAD and 304 have no length."""
        lines: list[str] = []
        access = AccessLog(self.clock, lines.append)
        ready_answers = ReadyAnswers(1 << 20)
        await self.port.stopListening()
        self.site = self.make_site(
            Root(self.services(), self.base, ready_answers),
            self.clock, 1 << 16, ready_answers, access,
        )  # fmt: skip
        at_once: list[str] = []
        answered = self.site.answered

        def counted(*said: object) -> None:
            at_once.append("")
            answered(*said)  # type: ignore[arg-type]

        self.site.answered = counted  # type: ignore[method-assign]
        self.port = self.listening()
        path = f"/{self.address}/simple/six/"
        etag = str((await self.ask(path))["ETag"])
        access.flush()
        lines.clear()
        for method, headers in (
            ("GET", {"User_Agent": 'a "b" \\c', "Referer": "x'y"}),
            ("HEAD", {}),
            ("GET", {"If_None_Match": etag}),
        ):
            await self.ask(path, method, **headers)
            # An unknown Range is no reason to answer otherwise, but one to go the ordinary way.
            await self.ask(path, method, **headers, Range="lines=1")
            access.flush()
        self.assertEqual(len(at_once), 3)
        pairs = "".join(lines).splitlines()
        self.assertEqual(pairs[0::2], pairs[1::2])
        self.assertIn(r'"x' + "'" + r'y" "a \"b\" \\c"', pairs[0])
        self.assertTrue(all(line.startswith("127.0.0.1 - - [") for line in pairs), pairs)
        self.assertEqual([line.split('" ')[1].split()[0] for line in pairs[0::2]], ["200", "200", "304"])


class EarlyAnswerTests(LimitsCase):
    """A request that is answered before it is complete has a line, with as much of it as is known."""

    async def setUp(self) -> None:
        await super().setUp()
        self.lines: list[str] = []
        self.log_to(AccessLog(self.clock, self.lines.append))

    def log_to(self, log: AccessLog) -> None:
        self.log = self.site.access = log

    def logged(self) -> str:
        """The one line that was written."""
        self.log.flush()
        (line,) = "".join(self.lines).splitlines()
        self.lines.clear()
        return line

    async def assert_logged(self, said: bytes, status: int, shown: str, seconds: int = 0) -> None:
        """Say something, and wait; the line is as it should be, and has the number of bytes that the client got."""
        peer = self.peer()
        peer.say(said)
        self.clock.advance(seconds)
        reply = await peer.wire.reply()
        self.assertEqual(reply.status, status)
        line = self.logged()
        self.assertTrue(line.startswith(f"{ATTACKER} - - ["), line)
        self.assertIn(f'] "{shown}" {status} {len(reply.body) or "-"} "', line)

    async def test_a_head_that_takes_too_long(self) -> None:
        """Nothing of it arrived, half of its first line, the first line, or the second request of a connection."""
        self.limit(head=20)
        await self.assert_logged(b"\r\n", 408, "-", 20)
        await self.assert_logged(b"GET /a HT", 408, "-", 20)
        await self.assert_logged(b"GET /a?b HTTP/1.1\r\nHost: x", 408, "GET /a?b HTTP/1.1", 20)
        peer = self.peer()
        await self.sent(peer, "/nothing")
        self.logged()
        peer.say(b"GET")
        self.clock.advance(20)
        await peer.wire.reply()
        self.assertIn('] "-" 408 ', self.logged())

    async def test_a_body_that_takes_too_long(self) -> None:
        """Its head is known, with the agent."""
        self.limit(body=20)
        peer = self.peer()
        peer.say(self.request("/locks", "POST", Content_Length="9", User_Agent="agent", Referer="/from"))
        self.clock.advance(20)
        await peer.wire.reply()
        self.assertRegex(self.logged(), r'"POST /locks HTTP/1.1" 408 \d+ "/from" "agent" [0-9a-f]{16}$')

    async def test_a_body_that_is_too_large(self) -> None:
        """By its length; no password of a target is logged, nor the token of a session."""
        await self.assert_logged(self.request("/x", "POST", Content_Length="99999"), 413, "POST /x HTTP/1.1")
        target = f"http://user:secret@index.example.org/learn/{'a' * 32}/"
        await self.assert_logged(
            self.request(target, "POST", Content_Length="99999"), 413, "POST /learn/aaaaaa.../ HTTP/1.1"
        )

    async def test_a_client_that_has_reached_its_rate(self) -> None:
        self.limit(requests="1/min,burst=1")
        await self.as_peer(ATTACKER, "/nothing")
        self.logged()
        await self.assert_logged(self.request("/nothing"), 429, "GET /nothing HTTP/1.1")

    async def test_a_connection_for_which_there_is_no_room(self) -> None:
        self.limit(most=1)
        self.peer().say(b"G")
        await self.assert_logged(b"", 503, "-")

    async def test_what_is_not_http(self) -> None:
        """Behind a good request, nothing of that one is shown."""
        behind = self.peer()
        await self.sent(behind, "/nothing")
        self.logged()
        for peer, said, shown in (
            (self.peer(), b"\x16\x03\x01\r\n", "-"),
            (self.peer(), b"GET / HTTP/1.1\r\nContent-Length: x\r\n\r\n", "GET / HTTP/1.1"),
            (behind, b"x\r\n", "-"),
        ):
            peer.say(said)
            await peer.wire.ended
            self.assertRegex(self.logged(), rf'\] "{shown}" 400 \d+ "-" "-" [0-9a-f]{{16}}$')

    async def test_a_line_of_json_lacks_what_is_not_known(self) -> None:
        self.log_to(JsonAccessLog(self.clock, self.lines.append, stamp=timestamp))
        self.limit(most=1)
        self.peer().say(b"G")
        await self.peer().wire.reply()
        found = json.loads(self.logged())
        self.assertEqual((found["client"], found["status"]), (ATTACKER, 503))
        self.assertFalse(found.keys() & {"method", "target", "protocol", "agent"})
        self.limit()
        peer = self.peer()
        peer.say(self.request("/x", "POST", Content_Length="99999"))
        await peer.wire.reply()
        found = json.loads(self.logged())
        self.assertEqual(
            (found["method"], found["target"], found["status"], found["seconds"]), ("POST", "/x", 413, 0.0)
        )
