"""Colour: on a terminal, and only where the user wants it."""

from __future__ import annotations

import os
import pty
import re
from collections.abc import Mapping

from tests.cli.process import CommandTestCase

ESCAPES = re.compile(r"\x1b\[[0-9;]*m")


class ColourTests(CommandTestCase):
    """The text is the same with colour and without."""

    def shown(self, *arguments: str, stream: str, environ: Mapping[str, str] = {}) -> str:
        """What a command writes to a terminal.

        :param stream: of the command: stdout or stderr; the other one is a pipe.
        """
        ours, theirs = pty.openpty()
        process = self.start(*arguments, environ={"TERM": "xterm"} | environ, **{stream: theirs})
        os.close(theirs)
        written = b""
        try:
            while data := os.read(ours, 65536):
                written += data
        except OSError:  # how Linux tells the end
            pass
        finally:
            os.close(ours)
        process.communicate(timeout=240)
        return written.decode().replace("\r\n", "\n")

    def test_errors_on_a_terminal_have_colour(self) -> None:
        (self.folder / "loose.txt").write_text("six>=1\n")
        for arguments in (["check", "loose.txt"], ["check", "missing.txt"]):
            plain = self.run_reqpi(*arguments)[2]
            self.assertNotIn("\x1b", plain)
            shown = self.shown(*arguments, stream="stderr")
            self.assertEqual(ESCAPES.sub("", shown), plain)
            self.assertIn("\x1b[1;31m", shown)

    def test_what_differs_has_colour(self) -> None:
        (self.folder / "old.txt").write_text("six==1\nidna==3\n")
        (self.folder / "new.txt").write_text("six==2\nattrs==1\n")
        shown = self.shown("diff", "old.txt", "new.txt", stream="stdout")
        self.assertEqual(shown, "\x1b[32m+ attrs 1\x1b[0m\n\x1b[1;31m- idna 3\x1b[0m\n\x1b[33m~ six 1 -> 2\x1b[0m\n")

    def test_there_is_none_where_the_user_wants_none(self) -> None:
        for environ in ({"NO_COLOR": "1"}, {"TERM": "dumb"}):
            self.assertNotIn("\x1b", self.shown("check", "missing.txt", stream="stderr", environ=environ))

    def test_a_lock_cannot_add_escapes_of_its_own(self) -> None:
        (self.folder / "evil.txt").write_text("six>=1\x1b[2J\n")
        self.assertNotIn("\x1b[2J", self.shown("check", "evil.txt", stream="stderr"))
