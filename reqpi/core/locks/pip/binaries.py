"""``--no-binary`` and ``--only-binary``: which kinds of files the pins of a document may have.

Source: ``pip/_internal/models/format_control.py`` of pip 26.3, whose rules these are.
"""

from __future__ import annotations

import re

from attrs import define, field
from packaging.utils import canonicalize_name

from reqpi.core.locks.rules.requirements import BINARY_OPTION, Refused
from reqpi.core.model import Project

__all__ = ["Binaries"]

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*+(?<=[A-Za-z0-9])")


@define
class Binaries:
    """What all such options of a document say together. They count for every pin, also for those above them."""

    _no: set[str] = field(factory=set)
    _only: set[str] = field(factory=set)

    def no_binary(self, value: str) -> None:
        """Take one ``--no-binary``.

        :raises reqpi.core.locks.rules.requirements.Refused: ``value`` is no list of names, ``:all:`` and ``:none:``.
        """
        _take(value, self._no, self._only)

    def only_binary(self, value: str) -> None:
        """Take one ``--only-binary``.

        :raises reqpi.core.locks.rules.requirements.Refused: ``value`` is no list of names, ``:all:`` and ``:none:``.
        """
        _take(value, self._only, self._no)

    def __bool__(self) -> bool:
        return bool(self._no or self._only)

    def of(self, project: Project) -> tuple[bool, bool]:
        """Whether wheels, and whether sdists of ``project`` are admitted; never neither, as the last option wins."""
        for name in (project, ":all:"):
            if name in self._only:
                return True, False
            if name in self._no:
                return False, True
        return True, True


def _take(value: str, target: set[str], other: set[str]) -> None:
    """Do as pip's ``handle_mutual_excludes``, in linear time."""
    names = value.split(",")
    for name in names:
        if name not in (":all:", ":none:") and not _NAME.fullmatch(name):
            raise Refused(BINARY_OPTION, name or value)
    everything = [place for place, name in enumerate(names) if name == ":all:"]
    if everything:
        other.clear()
        target.clear()
        target.add(":all:")
        if ":none:" not in names[everything[-1] :]:
            # Whatever stands between an `:all:` and this one is forgotten; so are the names after it.
            return
        names = names[everything[-1] + 1 :]
    for name in names:
        if name == ":none:":
            target.clear()
        else:
            other.discard(canonicalize_name(name))
            target.add(canonicalize_name(name))
