"""A FILE that a command is given."""

from __future__ import annotations

import sys
from pathlib import Path

from reqpi.client.errors import BadUsage

__all__ = ["document_of", "name_of"]

_LARGEST = 64 * 1024 * 1024  # bytes; far over what servers take, so that it is the server who says what its limit is


def name_of(file: str) -> str:
    """How messages call it."""
    return "<stdin>" if file == "-" else file


def document_of(file: str, largest: int = _LARGEST) -> bytes:
    """Its bytes.

    :param file: a path, or ``-`` for standard input.
    :param largest: bytes.
    :raises BadUsage: it cannot be read, or is so large that it cannot be meant.
    """
    try:
        if file == "-":
            document = sys.stdin.buffer.read(largest + 1)
        else:
            with Path(file).open("rb") as stream:
                document = stream.read(largest + 1)
    except (OSError, ValueError) as error:
        raise BadUsage(f"{name_of(file)} cannot be read: {getattr(error, 'strerror', None) or error}") from None
    if len(document) > largest:
        raise BadUsage(f"{name_of(file)} is larger than {largest} bytes", "Is it a lock at all?")
    return document
