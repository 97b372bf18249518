"""One line of somebody else's text, as it may stand in a bill."""

from __future__ import annotations

__all__ = ["words"]


def words(text: str, most: int) -> str:
    """``text`` in one line: without control characters, its words one space apart, cut to ``most`` characters."""
    shown = "".join(char if char.isprintable() else " " for char in text[: 4 * most])
    line = " ".join(shown.split())
    return line if len(line) <= most else f"{line[: most - 1].rstrip()}…"
