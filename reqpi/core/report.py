"""What is said about a lock: its documents, its defects, and notes. Server and client use the same values.

Standard library alone, and named tuples: ``reqpi gethash`` imports this, and has to start at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

__all__ = ["NOTE", "WARNING", "Defect", "Document", "Note"]

WARNING = "warning"
"""The level of a note about something that may break a build."""

NOTE = "note"
"""The level of a note that is good to know."""


class Document(NamedTuple):
    """One of the documents that make up a lock.

    :param path: relative to the first one's folder, with ``/``; empty for a document that is committed alone.
    :param format: what it was recognised as, once it was read.
    """

    path: str
    data: bytes
    format: str = ""

    def __repr__(self) -> str:
        """Leave the bytes out: they may be megabytes, and secret."""
        return f"Document(path={self.path!r}, format={self.format!r})"


class Defect(NamedTuple):
    """One thing that is wrong with a lock.

    :param line: from 1; 0 where it concerns the whole document.
    :param text: the line, as it stands in the document, cut where it is very long.
    :param problem: what is wrong with it.
    :param advice: what to write instead.
    :param rule: the name of the rule that it breaks, as the rules for reading a lock have it.
    :param document: the path of the document, where several are committed together.
    """

    line: int
    text: str
    problem: str
    advice: str
    rule: str = ""
    document: str = ""


class Note(NamedTuple):
    """Something a user should know about one line of a lock, though it stops nothing.

    :param line: from 1; 0 where it concerns the whole document.
    :param text: the line, as it stands.
    :param message: what it means here.
    :param document: the path of the document, where several are committed together.
    :param level: :data:`WARNING` or :data:`NOTE`.
    """

    line: int
    text: str
    message: str
    document: str = ""
    level: str = WARNING

    def as_dict(self) -> Mapping[str, object]:
        """Return it as JSON has it. A warning has no ``level``: older readers know no other."""
        return {key: value for key, value in self._asdict().items() if key != "level" or value != WARNING}
