"""Colour on a terminal only, unless ``NO_COLOR`` is set (no-color.org) or the terminal is dumb."""

from __future__ import annotations

import os
from typing import TextIO

__all__ = ["BOLD", "CYAN", "GREEN", "RED", "YELLOW", "painted"]

BOLD, RED, GREEN, YELLOW, CYAN = "1", "1;31", "32", "33", "36"
"""Parameters of the escape sequence SGR (ECMA-48, section 8.3.117)."""


def painted(text: str, colour: str, stream: TextIO | None) -> str:
    """Return ``text`` in a colour if ``stream`` is a terminal that shows colours.

    :param text: without escape sequences of its own.
    :param stream: the stream it will be written to; ``None`` if the calling process closed it.
    """
    if stream is None or os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb" or not stream.isatty():
        return text
    return f"\x1b[{colour}m{text}\x1b[0m"
