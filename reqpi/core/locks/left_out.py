"""Tell what a lock lists and nobody takes from an index: the project itself and the members of its workspace.

Every lock of such a project has them, so one note is enough, and it is not a warning.
"""

from __future__ import annotations

import re

from attrs import define

from reqpi.core.locks.findings import Findings
from reqpi.core.report import NOTE

__all__ = ["LeftOut", "is_project_itself"]

# `.`, `./`, `file:.`, with extras, and with the name that pip wants of an editable URL.
_ITSELF = re.compile(r"(?:file:)?\.(?:/\.?)?(?:[ \t]*+\[[A-Za-z0-9._, \t-]*+\])?(?:#egg=[A-Za-z0-9._\[\],-]++)?")


@define
class LeftOut:
    """What was left out of one document.

    :param line: where the project itself stands; 0 where no single line tells.
    """

    line: int = 0
    _project: bool = False
    _members: int = 0

    def project(self, line: int = 0) -> None:
        """Count the project itself. It may stand there several times, as for its extras."""
        self.line = self.line or line
        self._project = True

    def member(self) -> None:
        """Count a member of its workspace."""
        self._members += 1

    def note(self, findings: Findings) -> None:
        """Write down one note, if anything was left out."""
        said = ["the project itself"] if self._project else []
        if self._members:
            said.append(f"{self._members} workspace member{'' if self._members == 1 else 's'}")
        if said:
            findings.note(0 if self._members else self.line, f"left out: {' and '.join(said)}", NOTE)


def is_project_itself(path: str) -> bool:
    """Whether a path, or the ``file:`` URL of one, is the project's folder: ``.``, ``./``, ``file:.``, ``.[test]``."""
    return bool(_ITSELF.fullmatch(path))
