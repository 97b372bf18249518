"""What a reader finds in a document: defects and notes, bounded in number, each with its line."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NoReturn

from reqpi.errors import BrokenLock, Defect
from reqpi.locks.rules import MORE_DEFECTS, Refused, Rule, shown
from reqpi.model import Note

__all__ = ["LIMIT", "Findings"]

LIMIT = 1000
"""Defects, and notes, that are kept: nobody mends more at a time, and a hostile document costs no more."""


class Findings:
    """Collects the defects and notes of one document.

    :param lines: the document's physical lines.
    """

    def __init__(self, lines: Sequence[str]) -> None:
        self._lines = lines
        self._defects: list[Defect] = []
        self._notes: list[Note] = []
        self._more = 0

    @property
    def full(self) -> bool:
        """Whether further defects are only counted."""
        return len(self._defects) >= LIMIT

    def refuse(self, rule: Rule, line: int, what: str = "", name: str = "") -> None:
        """Write down that ``line`` (from 1; 0 for the whole document) breaks ``rule``."""
        if self.full:
            self._more += 1
            return
        words = {"what": shown(what, 80), "name": shown(name, 80)}
        self._defects.append(
            Defect(line, self._text(line), rule.problem.format(**words), rule.advice.format(**words), rule=rule.name)
        )

    def only(self, refused: Refused, line: int) -> NoReturn:
        """Refuse the whole document for one reason.

        :raises reqpi.errors.BrokenLock: always.
        """
        self.refused(refused, line)
        raise BrokenLock(self._defects)

    def refused(self, refused: Refused, line: int) -> None:
        """Write down what was raised about ``line``."""
        self.refuse(refused.rule, line, refused.what, refused.name)

    def note(self, line: int, message: str) -> None:
        """Write down something that stops nothing."""
        if len(self._notes) < LIMIT:
            self._notes.append(Note(line, self._text(line), message))

    def conclude(self) -> tuple[Note, ...]:
        """The notes, in the order of the document.

        :raises reqpi.errors.BrokenLock: there are defects; it has them in the order of the document.
        """
        defects = sorted(self._defects, key=lambda defect: defect.line)
        if self._more:
            what = str(self._more)
            defects.append(
                Defect(0, "", MORE_DEFECTS.problem.format(what=what), MORE_DEFECTS.advice, rule=MORE_DEFECTS.name)
            )
        if defects:
            raise BrokenLock(defects)
        return tuple(sorted(self._notes, key=lambda note: note.line))

    def _text(self, line: int) -> str:
        return shown(self._lines[line - 1].rstrip("\r\n")) if line else ""
