"""An upstream, or a server, whose text has control characters: they move the cursor and rewrite what a user sees."""

from __future__ import annotations

import io
import sys
from typing import Any

from twisted.logger import LogEvent, Logger, LogLevel, LogPublisher, eventAsText
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from reqpi.cli import stderr_log
from reqpi.server.log_levels import at_level

HOSTILE = "\x1b[2K\x1b]0;title\x07\x9b31m\r\b\x7f\u202e\u2028é"
HARMLESS = r"\x1b[2K\x1b]0;title\x07\x9b31m\r\x08\x7f\u202e\u2028é"


class LogTests(SynchronousTestCase):
    """The log of a server, which an operator reads on a terminal."""

    def logged(self, **options: Any) -> str:
        seen: list[LogEvent] = []
        observed: Any = at_level(seen.append, "info")  # type: ignore[arg-type]
        logger = Logger("reqpi.tests", observer=LogPublisher(observed))
        if "failure" in options:
            logger.failure("fault: {text}", **options)
        else:
            logger.emit(LogLevel.warn, "said: {text}", **options)
        return eventAsText(seen[0], includeTimestamp=False, includeSystem=False)

    def test_control_characters_are_escaped(self) -> None:
        """The upstream sends them in a title, a reason phrase or a filename."""
        self.assertEqual(self.logged(text=HOSTILE), f"said: {HARMLESS}")

    def test_those_in_a_traceback_are_escaped_and_its_lines_stay(self) -> None:
        """The text of an exception has them."""
        shown = self.logged(text="x", failure=Failure(ValueError(HOSTILE)))
        self.assertIn(HARMLESS, shown)
        self.assertGreater(shown.count("\n"), 1)
        self.assertNotIn("\x1b", shown)

    def test_other_text_is_passed_on_unchanged(self) -> None:
        """Letters of every script, tabs and line ends."""
        self.assertEqual(self.logged(text="naïve\tж\nnext"), "said: naïve\tж\nnext")


class TerminalTests(SynchronousTestCase):
    """The warnings of a server inside a command, on the terminal of the user."""

    def test_control_characters_are_escaped(self) -> None:
        """The upstream fails with a message of its own."""
        out = io.StringIO()
        self.patch(sys, "stderr", out)
        stderr_log._to_stderr({"log_level": LogLevel.warn, "log_format": "{text}", "text": f"a\n{HOSTILE}"})
        self.assertEqual(out.getvalue(), f"reqpi: a\n{HARMLESS}\n")
