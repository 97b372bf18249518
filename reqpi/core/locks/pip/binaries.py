"""``--no-binary`` and ``--only-binary``: which kinds of files the pins of a document may have.

The rules are pip's. Source: ``pip/_internal/models/format_control.py`` of pip 26.3.
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
    """The combined effect of all such options of a document. They apply to every pin, including those above them."""

    _no: set[str] = field(factory=set)
    _only: set[str] = field(factory=set)

    def no_binary(self, value: str) -> None:
        """Apply one ``--no-binary``.

        :param value: names, ``:all:`` and ``:none:``, separated by commas.
        :raises reqpi.core.locks.rules.requirements.Refused: ``value`` is not such a list.
        """
        _take(value, self._no, self._only)

    def only_binary(self, value: str) -> None:
        """Apply one ``--only-binary``.

        :param value: names, ``:all:`` and ``:none:``, separated by commas.
        :raises reqpi.core.locks.rules.requirements.Refused: ``value`` is not such a list.
        """
        _take(value, self._only, self._no)

    def __bool__(self) -> bool:
        return bool(self._no or self._only)

    def of(self, project: Project) -> tuple[bool, bool]:
        """Return whether wheels and whether sdists of ``project`` are admitted.

        At least one of them is, because the last option wins.
        """
        for name in (project, ":all:"):
            if name in self._only:
                return True, False
            if name in self._no:
                return False, True
        return True, True


def _take(value: str, target: set[str], other: set[str]) -> None:
    """Apply a value of ``--no-binary`` or ``--only-binary`` as pip's ``handle_mutual_excludes``, in linear time."""
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
            # The names between an earlier `:all:` and this one are discarded, and so are the names after it.
            return
        names = names[everything[-1] + 1 :]
    for name in names:
        if name == ":none:":
            target.clear()
        else:
            other.discard(canonicalize_name(name))
            target.add(canonicalize_name(name))
