"""The values of a report on a lock: its documents, its defects, and notes. Server and client share them.

They are named tuples and need only the standard library: ``reqpi gethash`` imports them and has to start immediately.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

__all__ = ["NOTE", "WARNING", "Defect", "Document", "Note", "WithheldAdvice"]

WARNING = "warning"
"""The level of a note about a condition that may break a build."""

NOTE = "note"
"""The level of a note that is only for information."""


class Document(NamedTuple):
    """One of the documents that make up a lock.

    :param path: relative to the folder of the first document, with ``/``; empty for a document that is committed alone.
    :param data: its bytes, unchanged.
    :param format: the recognised format, once the document has been read.
    """

    path: str
    data: bytes
    format: str = ""

    def __repr__(self) -> str:
        """Leave out the bytes: they may be megabytes, and secret."""
        return f"Document(path={self.path!r}, format={self.format!r})"


class Defect(NamedTuple):
    """One thing that is wrong with a lock.

    :param line: counted from 1; 0 if the defect concerns the whole document.
    :param text: the line as it stands in the document, shortened if it is very long.
    :param problem: what is wrong with it.
    :param advice: what to write instead.
    :param rule: the name of the broken rule; :mod:`reqpi.core.locks.rules` defines them.
    :param document: the path of the document, if several are committed together.
    """

    line: int
    text: str
    problem: str
    advice: str
    rule: str = ""
    document: str = ""


class WithheldAdvice(NamedTuple):
    """Advice that an error keeps from clients that may not know what the upstreams with a login have of a project.

    :param project: its normalized name.
    :param upstreams: the names of all upstreams that were asked for it.
    :param problem: the title of the error, which is that of its defects.
    :param shown: the advice that everyone gets.
    :param whole: the advice for a client that may know.
    """

    project: str
    upstreams: frozenset[str]
    problem: str
    shown: str
    whole: str


class Note(NamedTuple):
    """A remark about one line of a lock that does not prevent its use.

    :param line: counted from 1; 0 if the note concerns the whole document.
    :param text: the line as it stands in the document.
    :param message: the consequence of the line.
    :param document: the path of the document, if several are committed together.
    :param level: :data:`WARNING` or :data:`NOTE`.
    """

    line: int
    text: str
    message: str
    document: str = ""
    level: str = WARNING

    def as_dict(self) -> Mapping[str, object]:
        """Return the note as JSON-compatible values. A warning has no ``level``, as older readers know no other."""
        return {key: value for key, value in self._asdict().items() if key != "level" or value != WARNING}
