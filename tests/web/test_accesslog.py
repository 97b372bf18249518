"""Who asked for what: every answer has a line, soon, and in one form whichever way it went."""

from __future__ import annotations

import os
from pathlib import Path

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from reqpi.web.http.accesslog import AccessLog, LogFile
from reqpi.web.http.ready_answers import ReadyAnswers
from reqpi.web.routes import Root
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
        for number in range(2500):
            self.log.note(str(number))
        self.assertEqual([lines.count("\n") for lines in self.written], [1000, 1000])
        self.log.flush()
        self.assertEqual("".join(self.written).split("\n")[:-1], [str(number) for number in range(2500)])
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_nobody_can_go_on_with_a_session_of_learning_that_is_in_it(self) -> None:
        """Whether it was asked for, or referred to."""
        self.log.note(f'"GET /learn/{"0123456789abcdef" * 2}/simple/six/ HTTP/1.1" "/learn/{"f" * 32}/"')
        self.log.flush()
        self.assertEqual(self.written, ['"GET /learn/012345.../simple/six/ HTTP/1.1" "/learn/ffffff.../"\n'])

    def test_the_moment(self) -> None:
        """To the second."""
        first = self.log.timestamp()
        self.assertRegex(first, r"^\[0?9/Sep/2001:01:46:40 \+0000\]$")
        self.clock.advance(1)
        self.assertNotEqual(self.log.timestamp(), first)


class Files(SynchronousTestCase):
    """A log of its own."""

    def test_it_is_appended_to_and_can_be_rotated(self) -> None:
        """Moved away, it is made anew; no signal is needed, and no line is lost."""
        path = Path(self.mktemp())
        path.write_text("before\n")
        log = LogFile(path)
        log.write("one\n")
        os.rename(path, f"{path}.1")
        log.write("two\n")
        log.write("three\n")
        self.assertEqual(Path(f"{path}.1").read_text(), "before\none\n")
        self.assertEqual(path.read_text(), "two\nthree\n")

    def test_a_log_that_cannot_be_written_stops_nobody(self) -> None:
        """Serving goes on."""
        path = Path(self.mktemp())
        log = LogFile(path / "missing")
        log.write("lost\n")
        path.mkdir()
        log.write("kept\n")
        self.assertEqual((path / "missing").read_text(), "kept\n")


class BothWays(WebCase):
    """What is answered at once has the same line as what is not."""

    async def test_the_lines_are_alike(self) -> None:
        """Agent and referrer are escaped; HEAD and 304 have no length."""
        lines: list[str] = []
        access = AccessLog(self.clock, lines.append)
        ready_answers = ReadyAnswers(1 << 20, self.clock.seconds)
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
        self.assertEqual([line.split('" ')[2].split()[0] for line in pairs[0::2]], ["200", "200", "304"])
