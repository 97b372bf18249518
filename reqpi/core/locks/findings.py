"""The findings of a reader: defects and notes, bounded in number, each with its line; and supported environments."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NoReturn

from reqpi.core.errors import BrokenLock
from reqpi.core.locks.rules.requirements import MORE_DEFECTS, Refused, Rule, shown
from reqpi.core.model import Project, Support
from reqpi.core.report import WARNING, Defect, Note

__all__ = ["LIMIT", "Findings", "conclude"]

LIMIT = 1000
"""The most defects, and the most notes, that are kept: no one fixes more at once, and hostile input stays cheap."""


class Findings:
    """The defects and notes of one document, collected while it is read.

    :param lines: the document's physical lines.
    :param path: the document's path if several are committed together; empty otherwise.
    :ivar support: the environments that the document is made for, set by its reader.
    :ivar local: the projects that are left out because they come from folders of the user's machine.
    :ivar crates: the number of crates of Rust that the document pins, set by its reader.
    """

    def __init__(self, lines: Sequence[str], path: str = "") -> None:
        self._lines = lines
        self.path = path
        self._defects: list[Defect] = []
        self._notes: list[Note] = []
        self._more = 0
        self.support = Support()
        self.local: set[Project] = set()
        self.crates = 0

    @property
    def full(self) -> bool:
        """Whether further defects are only counted."""
        return len(self._defects) >= LIMIT

    def refuse(self, rule: Rule, line: int, what: str = "", name: str = "") -> None:
        """Record that ``line`` breaks ``rule``.

        :param line: from 1; 0 for the whole document.
        :param what: the offending piece, as the document spells it.
        :param name: the project that it is about, as the document spells it; or a second piece.
        """
        if self.full:
            self._more += 1
            return
        words = {"what": shown(what, 80), "name": shown(name, 120)}
        problem, advice = rule.problem.format(**words), rule.advice.format(**words)
        self._defects.append(Defect(line, self._text(line), problem, advice, rule.name, self.path))

    def only(self, refused: Refused, line: int) -> NoReturn:
        """Reject the whole document for one reason.

        :param line: from 1; 0 for the whole document.
        :raises reqpi.core.errors.BrokenLock: always.
        """
        self.refused(refused, line)
        raise BrokenLock(self._defects)

    def refused(self, refused: Refused, line: int) -> None:
        """Record an exception about ``line`` as a defect."""
        self.refuse(refused.rule, line, refused.what, refused.name)

    def note(self, line: int, message: str, level: str = WARNING) -> None:
        """Record a note, which does not reject the document.

        :param line: from 1; 0 for the whole document.
        :param level: see :class:`reqpi.core.report.Note`.
        """
        if len(self._notes) < LIMIT:
            self._notes.append(Note(line, self._text(line), message, self.path, level))

    def adopt(self, defects: Iterable[Defect]) -> None:
        """Add defects that were found without this object, as defects of this document."""
        self._defects += [defect._replace(document=self.path) for defect in defects]

    def conclude(self) -> tuple[Note, ...]:
        """Return the notes in the order of the document.

        :raises reqpi.core.errors.BrokenLock: there are defects; the exception has them in the order of the document.
        """
        return conclude([self])

    def _text(self, line: int) -> str:
        return shown(self._lines[line - 1].rstrip("\r\n")) if line else ""


def conclude(documents: Iterable[Findings]) -> tuple[Note, ...]:
    """Return the notes of all documents, in the order of documents and then of lines.

    :raises reqpi.core.errors.BrokenLock: there are defects; the exception has them in the same order.
    """
    found = list(documents)
    defects = [defect for each in found for defect in sorted(each._defects, key=lambda defect: defect.line)]
    more = sum(each._more for each in found) + len(defects[LIMIT:])
    if more:
        problem = MORE_DEFECTS.problem.format(what=more)
        defects[LIMIT:] = [Defect(0, "", problem, MORE_DEFECTS.advice, MORE_DEFECTS.name)]
    if defects:
        raise BrokenLock(defects)
    return tuple(note for each in found for note in sorted(each._notes, key=lambda note: note.line))
