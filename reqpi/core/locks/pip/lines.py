"""Text -> physical lines -> logical lines, as pip joins them and removes comments, with nothing lost on the way.

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

# pip has (^|\s+)#.*$ for this, which takes quadratic time over white space.
_COMMENT = re.compile(r"(?<!\S)#")

_Flaw = tuple[int, Rule]


@frozen(slots=False)
class LogicalLine:
    """A requirement or an option line: continuations joined, comment removed.

    :param line: the first physical line, from 1.
    :param pieces: without blank ones at the end: what each physical line says, backslash and comment removed.
    :param flaws: the rules that its physical lines break, each with the number of the line.
    """

    line: int
    pieces: tuple[str, ...]
    flaws: tuple[_Flaw, ...] = ()

    @property
    def last_line(self) -> int:
        """The last physical line."""
        return self.line + len(self.pieces) - 1

    @property
    def text(self) -> str:
        """What it says: joined as pip joins it, with nothing in between."""
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
        """The physical line that ``word``, an option or its value, stands on; the first where that cannot be told."""
        return self._words.get(word, self.line)


def physical_lines(text: str) -> list[str]:
    r"""The lines of ``text`` with their ends: LF, CRLF or CR, as editors count. Joined, they are ``text`` again."""
    return list(io.StringIO(text, newline=""))


def comment_start(line: str) -> int:
    """Where the comment of ``line`` begins: at the first ``#`` at its start or after white space; -1 for none."""
    found = _COMMENT.search(line) if "#" in line else None
    return found.start() if found else -1


def logical_lines(lines: Sequence[str]) -> Iterator[LogicalLine]:
    """The requirements and option lines among ``lines``, which are physical; blank lines and comments are left out.

    A backslash continues a line, and a line that is a comment ends what was continued: pip's rules.
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
    """What a physical line says, whether the next one continues it, and the rule that it breaks."""
    comment = comment_start(line)
    if comment >= 0:
        piece = line[:comment]
        # pip continues such a line, and then takes what was joined to it for the comment's end.
        dropping = line.endswith("\\") and bool(piece.strip())
        return piece, False, COMMENT_BACKSLASH if dropping else BACKSLASH if "\\" in piece else None
    if not line.endswith("\\"):
        return line, False, None if "\\" not in line else BACKSLASH_SPACE if line.rstrip().endswith("\\") else BACKSLASH
    return line[:-1], True, BACKSLASH if "\\" in line[:-1] else None


def _joined(number: int, pieces: list[str], flaws: list[_Flaw]) -> Iterator[LogicalLine]:
    # A comment that ends what was continued is no part of it: who rewrites the requirement keeps the comment.
    kept = len(pieces)
    while kept and (not pieces[kept - 1] or pieces[kept - 1].isspace()):
        kept -= 1
    if kept or flaws:
        yield LogicalLine(number - len(pieces) + 1, tuple(pieces[: max(kept, 1)]), tuple(flaws))
