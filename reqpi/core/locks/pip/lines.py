"""Text -> physical lines -> logical lines: joined and stripped of comments as pip does it, without losing anything.

Source: ``join_lines`` and ``ignore_comments`` in ``pip/_internal/req/req_file.py`` of pip 26.3.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property

from attrs import frozen

from reqpi.core.locks.rules.requirements import BACKSLASH, BACKSLASH_SPACE, COMMENT_BACKSLASH, CUT_OFF, Rule

__all__ = ["LogicalLine", "comment_start", "logical_lines", "physical_lines"]

# pip uses (^|\s+)#.*$ for this, which takes quadratic time over white space.
_COMMENT = re.compile(r"(?<!\S)#")

_Flaw = tuple[int, Rule]


@frozen(slots=False)
class LogicalLine:
    """A requirement or an option line: continuations joined, comment removed.

    :param line: the first physical line, from 1.
    :param pieces: the text of each physical line without backslash and comment; blank pieces at the end are left out.
    :param flaws: the rules that its physical lines break, each with the number of the line.
    """

    line: int
    pieces: tuple[str, ...]
    flaws: tuple[_Flaw, ...] = ()

    @property
    def last_line(self) -> int:
        """The number of the last physical line."""
        return self.line + len(self.pieces) - 1

    @property
    def text(self) -> str:
        """The pieces joined as pip joins them, with nothing in between."""
        return (self.pieces[0] if len(self.pieces) == 1 else "".join(self.pieces)).strip(" \t")

    @cached_property
    def _words(self) -> Mapping[str, int]:
        words: dict[str, int] = {}
        for number, piece in enumerate(self.pieces, self.line):
            for word in piece.split():
                option, _, value = word.partition("=")
                for spelled in (word, option, value, word[:2]):
                    words.setdefault(spelled, number)
        return words

    def find(self, word: str) -> int:
        """Return the number of the physical line with ``word`` (an option or its value); the first if not found."""
        return self._words.get(word, self.line)


def physical_lines(text: str) -> list[str]:
    r"""Return the lines of ``text`` with their ends: LF, CRLF or CR, as editors count. Joined, they equal ``text``."""
    return list(io.StringIO(text, newline=""))


def comment_start(line: str) -> int:
    """Return where the comment of ``line`` begins: the first ``#`` at its start or after white space; -1 for none."""
    found = _COMMENT.search(line) if "#" in line else None
    return found.start() if found else -1


def logical_lines(lines: Sequence[str]) -> Iterator[LogicalLine]:
    """Yield the requirements and option lines among the physical ``lines``; blank lines and comments are left out.

    A backslash continues a line, and a comment line ends a continued one: pip's rules.
    """
    pieces: list[str] = []
    flaws: list[_Flaw] = []
    number = 0
    for number, raw in enumerate(lines, 1):
        line = raw.rstrip("\r\n")
        if "#" in line or "\\" in line:
            piece, continued, flaw = _piece(line)
            if flaw:
                flaws.append((number, flaw))
        else:
            piece, continued = line, False
        pieces.append(piece)
        if not continued:
            yield from _joined(number, pieces, flaws)
            pieces, flaws = [], []
    if pieces:
        flaws.append((number, CUT_OFF))
        yield from _joined(number, pieces, flaws)


def _piece(line: str) -> tuple[str, bool, Rule | None]:
    """Return the text of a physical line, whether the next one continues it, and the rule that it breaks."""
    comment = comment_start(line)
    if comment >= 0:
        piece = line[:comment]
        # pip continues such a line, and then treats what was joined to it as part of the comment.
        dropping = line.endswith("\\") and bool(piece.strip())
        return piece, False, COMMENT_BACKSLASH if dropping else BACKSLASH if "\\" in piece else None
    if not line.endswith("\\"):
        return line, False, None if "\\" not in line else BACKSLASH_SPACE if line.rstrip().endswith("\\") else BACKSLASH
    return line[:-1], True, BACKSLASH if "\\" in line[:-1] else None


def _joined(number: int, pieces: list[str], flaws: list[_Flaw]) -> Iterator[LogicalLine]:
    # A comment line that ends a continued line is not part of it: code that rewrites the requirement keeps the comment.
    kept = len(pieces)
    while kept and (not pieces[kept - 1] or pieces[kept - 1].isspace()):
        kept -= 1
    if kept or flaws:
        yield LogicalLine(number - len(pieces) + 1, tuple(pieces[: max(kept, 1)]), tuple(flaws))
