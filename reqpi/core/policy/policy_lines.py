"""The lines of a policy file: tomllib provides none. They are for people, and decide nothing."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from attrs import field, frozen

__all__ = ["PolicyLines"]

_HEADER = re.compile(r"\s*\[\[?\s*\"?([A-Za-z0-9_-]+)\"?\s*\]")
_KEY = re.compile(r"\s*\"?([A-Za-z0-9_-]+)\"?\s*[=.]")


@frozen
class PolicyLines:
    """Where each key of each table begins.

    :param found: lines from 1, by the name of the section, the number of the table in it, and the key.
    """

    _found: Mapping[tuple[str, int, str], int]
    _lines: Sequence[str] = field(repr=False)

    @classmethod
    def of(cls, lines: Sequence[str]) -> PolicyLines:
        """Read the lines of a document."""
        found: dict[tuple[str, int, str], int] = {}
        section, counts = "", dict[str, int]()
        for number, line in enumerate(lines, 1):
            header = _HEADER.match(line)
            if header is not None:
                section = header[1]
                counts[section] = counts.get(section, -1) + 1
            key = None if header is not None else _KEY.match(line)
            if header is not None or key is not None:
                found.setdefault((section, counts.get(section, 0), "" if key is None else key[1]), number)
        return cls(found, lines)

    def line(self, section: str, key: str = "", number: int = 0) -> int:
        """Return the line of a key, or of the header of its table; 0 if it is not found."""
        return self._found.get((section, number, key), 0)

    def text(self, line: int) -> str:
        """Return a line; empty for 0."""
        return self._lines[line - 1].strip() if line else ""
