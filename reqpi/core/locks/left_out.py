"""Entries of a lock that do not come from an index: the project itself and the members of its workspace.

Every lock of such a project has them, so one note is enough, and it is not a warning.
"""

from __future__ import annotations

import re

from attrs import define

from reqpi.core.locks.findings import Findings
from reqpi.core.report import NOTE

__all__ = ["LeftOut", "is_project_itself"]

# `.`, `./`, `file:.`, with extras, and with the name that pip requires of an editable URL.
_ITSELF = re.compile(r"(?:file:)?\.(?:/\.?)?(?:[ \t]*+\[[A-Za-z0-9._, \t-]*+\])?(?:#egg=[A-Za-z0-9._\[\],-]++)?")


@define
class LeftOut:
    """The entries that were left out of one document.

    :param line: the line of the project itself; 0 if it has no line of its own.
    """

    line: int = 0
    _project: bool = False
    _members: int = 0

    def project(self, line: int = 0) -> None:
        """Record the project itself. A document may list it several times, for example with its extras."""
        self.line = self.line or line
        self._project = True

    def member(self) -> None:
        """Count a member of the project's workspace."""
        self._members += 1

    def note(self, findings: Findings) -> None:
        """Add one note to ``findings`` if anything was left out."""
        said = ["the project itself"] if self._project else []
        if self._members:
            said.append(f"{self._members} workspace member{'' if self._members == 1 else 's'}")
        if said:
            findings.note(0 if self._members else self.line, f"left out: {' and '.join(said)}", NOTE)


def is_project_itself(path: str) -> bool:
    """Return whether a path or ``file:`` URL is the project's folder: ``.``, ``./``, ``file:.``, ``.[test]``."""
    return bool(_ITSELF.fullmatch(path))
