"""Bytes -> text -> lines."""

from __future__ import annotations

import re
import shlex

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from reqpi.core.locks.pip.lines import comment_start, logical_lines, physical_lines
from reqpi.core.locks.pip.options import split
from reqpi.core.locks.rules.requirements import Refused
from reqpi.core.locks.text import Encoding, decode, encoding

PIECES = ["foo", " ", "\\", "\\\n", "\n", "\r", "\r\n", "#", " #", "\t", "==1", "\x0c", "\u2028", "é"]


class EncodingTests(SynchronousTestCase):
    """A document can be decoded, rewritten and encoded again."""

    def test_mark_and_codec_are_told(self) -> None:
        """Together with the text they make the bytes again."""
        for document in (b"foo", b"\xef\xbb\xbffoo", b"\xff\xfef\0", b"\0\0\xfe\xff\0\0\0f", b"# coding: cp1252\n\x80"):
            how = encoding(document)
            self.assertEqual(how.mark + decode(document).encode(how.codec), document)
        self.assertEqual(encoding(b"\xff\xfe\0\0f\0\0\0"), Encoding("utf-32-le", b"\xff\xfe\0\0"))

    def test_bytes_that_cannot_be_decoded_can_be_told(self) -> None:
        """They become lone surrogates, one each."""
        self.assertEqual(decode(b"a\xffb"), "a\udcffb")


class LineTests(SynchronousTestCase):
    """Nothing is lost between the text and its lines."""

    @given(st.lists(st.sampled_from(PIECES)).map("".join))
    def test_physical_lines_are_the_text(self, text: str) -> None:
        """Joined again, they are what was split; each has one end, the last perhaps none."""
        lines = physical_lines(text)
        self.assertEqual("".join(lines), text)
        for line in lines:
            self.assertRegex(line, r"\A[^\r\n]*(\r\n|\r|\n|\Z)\Z")

    @given(st.lists(st.sampled_from(PIECES)).map("".join))
    def test_logical_lines_cover_every_word(self, text: str) -> None:
        """Each physical line that says something is in exactly one logical line, and they are in order."""
        lines = physical_lines(text)
        covered: list[int] = []
        for line in logical_lines(lines):
            covered += range(line.line, line.last_line + 1)
        self.assertEqual(covered, sorted(set(covered)))
        for number, line in enumerate(lines, 1):
            start = comment_start(line.rstrip("\r\n"))
            body = line if start < 0 else line[:start]
            if body.strip("\r\n\\ \t\x0c\u2028"):
                self.assertIn(number, covered)

    @given(st.text(alphabet="# \ta\xa0\x1f"))
    def test_comments_begin_where_pip_says(self, line: str) -> None:
        """pip's expression removes white space before the ``#`` as well."""
        start = comment_start(line)
        body = line if start < 0 else line[:start]
        self.assertEqual(re.sub(r"(^|\s+)#.*$", "", line).strip(), body.strip())


class WordTests(SynchronousTestCase):
    """Options are split as a shell would."""

    @given(st.text(alphabet="ab \t'\"=-#"))
    def test_as_shlex_does(self, text: str) -> None:
        """The expression and shlex agree on everything without a backslash."""
        try:
            theirs = shlex.split(text)
        except ValueError:
            self.assertRaises(Refused, split, text)
        else:
            self.assertEqual(split(text), theirs)
