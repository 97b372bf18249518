"""The most bytes of a download, also of one whose size a server does not list, or lists wrongly."""

from __future__ import annotations

__all__ = ["LARGEST", "LARGEST_UNSAID", "most_bytes"]

LARGEST = 1 << 36
"""Bytes of a file, at most: an endless response must be cut off somewhere."""

LARGEST_UNSAID = 1 << 32
"""Bytes of a file, at most, if its size is not known."""


def most_bytes(size: int | None) -> int:
    """Return the most bytes that are accepted for a file.

    :param size: as the server lists it; ``None`` if it does not.
    """
    return LARGEST_UNSAID if size is None else min(size, LARGEST)
