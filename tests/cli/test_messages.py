"""How the command line speaks."""

from __future__ import annotations

import contextlib
import io

from twisted.trial.unittest import SynchronousTestCase

from reqpi.cli.messages import DocumentNames, tell_defects, tell_notes, visible
from reqpi.core.report import Defect, Note


class MessageTests(SynchronousTestCase):
    """One line for what is wrong, whatever the line of the lock looks like."""

    def told(self, *defects: Defect, more: int = 0) -> list[str]:
        with contextlib.redirect_stderr(io.StringIO()) as stream:
            tell_defects(DocumentNames("a.txt"), defects, more)
        return stream.getvalue().splitlines()

    def test_a_long_line_is_cut(self) -> None:
        """A hundred digests would hide what is said about them."""
        line, *_ = self.told(Defect(1, "six " + "--hash=sha256:0 " * 100, "too long", ""))
        self.assertLess(len(line), 200)
        self.assertTrue(line.endswith("…"))

    def test_what_was_left_out_is_counted(self) -> None:
        """A server shows the first thousand or so."""
        self.assertEqual(self.told(Defect(1, "six", "x", ""), more=41)[-1], "a.txt: 42 defects, 41 of them not shown")

    def test_text_that_people_can_read_stays(self) -> None:
        """Only what is no visible character is written out."""
        self.assertEqual(visible("größe, 数"), "größe, 数")
        self.assertEqual(visible("a\tb\r\n\x00\x7f\u2028\udc80"), "a\\tb\\r\\n\\x00\\x7f\\u2028\\udc80")

    def test_a_sentence_before_a_line_of_the_lock_has_no_full_stop(self) -> None:
        """``… the project itself.: six`` reads as a mistake."""
        notes = [Note(1, "six", "It depends on nothing."), Note(0, "", "Nothing is pinned.")]
        with contextlib.redirect_stderr(io.StringIO()) as stream:
            tell_notes(DocumentNames("a.txt"), notes)
        self.assertEqual(
            stream.getvalue().splitlines(),
            ["a.txt:1: warning: It depends on nothing: six", "a.txt: warning: Nothing is pinned."],
        )
