"""Validation of markers (:pep:`508`) at a bounded cost."""

from __future__ import annotations

from packaging.markers import InvalidMarker, Marker

from reqpi.core.locks.rules.requirements import MARKER, MARKER_DEPTH, TOO_LONG, Refused

__all__ = ["DEPTH", "LENGTH", "TOTAL", "Markers"]

DEPTH = 32
"""Levels of nested parentheses, at most. packaging's parser recurses on them, and so do those of clients."""

LENGTH = 8192
"""Characters of one marker, at most."""

TOTAL = 1 << 19
"""Characters of all different markers of one document, at most. The parser takes about a second for these."""


class Markers:
    """A checker for the markers of one document. It checks each spelling once, because most locks repeat a few."""

    def __init__(self) -> None:
        self._known: dict[str, Refused | None] = {}
        self._total = 0

    def check(self, marker: str) -> None:
        """Check one marker.

        :raises reqpi.core.locks.rules.requirements.Refused: it is not valid, or checking it would cost too much.
        """
        if marker not in self._known:
            self._known[marker] = self._reason(marker)
        refused = self._known[marker]
        if refused:
            raise Refused(refused.rule, refused.what)

    def _reason(self, marker: str) -> Refused | None:
        self._total += len(marker)
        if len(marker) > LENGTH:
            return Refused(TOO_LONG, f"marker is longer than {LENGTH} characters")
        if self._total > TOTAL:
            return Refused(TOO_LONG, f"markers of the lock are together longer than {TOTAL} characters")
        if _depth(marker) > DEPTH:
            return Refused(MARKER_DEPTH, str(DEPTH))
        try:
            Marker(marker)
        except InvalidMarker:
            return Refused(MARKER, f"; {marker}".strip())
        return None


def _depth(marker: str) -> int:
    depth = deepest = 0
    for char in marker:
        if char == "(":
            depth += 1
            deepest = max(deepest, depth)
        elif char == ")":
            depth -= 1
    return deepest
