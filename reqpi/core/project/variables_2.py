"""The text of a Python module -> its syntax tree, of whatever the text is."""

from __future__ import annotations

import ast
import warnings

from reqpi.core.errors import BrokenLock
from reqpi.core.locks.text import decode

__all__ = ["tree_of"]

# What CPython raises for text that is too deep, too long, has a NUL or half a character, beside what is no Python.
_UNREADABLE = (SyntaxError, RecursionError, MemoryError, ValueError, OverflowError)


def tree_of(data: bytes) -> ast.Module | None:
    """The syntax tree; ``None`` where this Python makes none of it: a program may be written for another.

    :param data: with a byte order mark or a :pep:`263` line, or in UTF-8.
    """
    try:
        # Decoded here: the codecs that a coding line can name for the parser include some that take quadratic time.
        text = decode(data)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(text)
    except BrokenLock:
        return None
    except _UNREADABLE:
        return None
