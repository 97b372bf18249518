"""Dependencies on packages that the lock does not contain: an installer requests them and is refused."""

from __future__ import annotations

from collections.abc import Container

from attrs import define, field

from reqpi.core.locks.findings import Findings
from reqpi.core.locks.rules.requirements import counted, shown

__all__ = ["Missing"]

_PARENTS = 2
"""Dependents that are named for each missing package."""


@define
class Missing:
    """The packages that one document lacks.

    :param contained: the packages of the document: their names, or pairs of a name and a version.
    :param unless: an exception, as the end of the sentence that reports a missing package.
    """

    contained: Container[object]
    unless: str = ""
    _parents: dict[str, list[str]] = field(factory=dict)
    _lines: dict[str, int] = field(factory=dict)

    def look(self, parent: str, line: int, name: str, version: str | None = None) -> None:
        """Look up one dependency.

        :param parent: the package that has the dependency.
        :param line: the line of that package.
        :param name: the package that it depends on.
        :param version: its version, if the dependency names one.
        """
        if name in self.contained and (version is None or (name, version) in self.contained):
            return
        wanted = name if name not in self.contained else f"{name} {version}"
        self._lines.setdefault(wanted, line)
        parents = self._parents.setdefault(wanted, [])
        if parent not in parents[-1:]:
            parents.append(parent)

    def note(self, findings: Findings) -> None:
        """Report one warning for each missing package."""
        for wanted, parents in self._parents.items():
            names = ", ".join(shown(parent, 80) for parent in parents[:_PARENTS])
            more = len(parents) - _PARENTS
            names += f" and {counted(more, 'other', 'others')}" if more > 0 else ""
            verb = "depends" if len(parents) == 1 else "depend"
            findings.note(
                self._lines[wanted],
                f"{names} {verb} on {shown(wanted, 80)}, which the lock does not contain: "
                f"an installer that requests it is refused{self.unless}.",
            )
