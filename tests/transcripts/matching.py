"""Whether a command printed what its transcript shows."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import unified_diff

__all__ = ["difference", "matches"]

ANYTHING = "…"


def difference(expected: Sequence[str], actual: Sequence[str]) -> str:
    """What differs, as a unified diff; ``""`` where nothing does. Lines that match are shown as they were printed."""
    if matches(expected, actual):
        return ""
    left = list(actual)
    wanted = []
    for line in expected:
        fitting = next((at for at, printed in enumerate(left) if line != ANYTHING and _fits(line, printed)), None)
        wanted.append(line if fitting is None else left[fitting])
        left = left if fitting is None else left[fitting + 1 :]
    return "\n".join(unified_diff(wanted, list(actual), "the page", "the program", lineterm=""))


def matches(expected: Sequence[str], actual: Sequence[str]) -> bool:
    """Whether all of ``actual`` is what ``expected`` says."""
    wanted = seen = 0
    wildcard: tuple[int, int] | None = None  # the last one, and how far it reaches
    while seen < len(actual):
        if wanted < len(expected) and expected[wanted] == ANYTHING:
            wildcard = wanted, seen
            wanted += 1
        elif wanted < len(expected) and _fits(expected[wanted], actual[seen]):
            wanted += 1
            seen += 1
        elif wildcard is not None:
            wildcard = wildcard[0], wildcard[1] + 1
            wanted, seen = wildcard[0] + 1, wildcard[1]
        else:
            return False
    return all(line == ANYTHING for line in expected[wanted:])


def _fits(expected: str, line: str) -> bool:
    first, *rest = expected.split(ANYTHING)
    if not rest:
        return expected == line
    *middle, last = rest
    if not (line.startswith(first) and line.endswith(last) and len(line) >= len(first) + len(last)):
        return False
    at, end = len(first), len(line) - len(last)
    for part in middle:
        found = line.find(part, at, end)
        if found < 0:
            return False
        at = found + len(part)
    return True
