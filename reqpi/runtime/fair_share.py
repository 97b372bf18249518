"""The size of the pieces in which files are read, so that concurrent readers hold a bounded amount of memory."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["FairShare"]

_LARGEST = 1 << 17
"""Bytes. A client that does not read makes the server hold up to two such pieces; larger ones are no faster."""

_SMALLEST = 1 << 14

_ALTOGETHER = 1 << 25
"""Bytes of one piece for every reader together, as long as each reader's piece has at least the smallest size."""


class FairShare:
    """The current number of readers, and the size of the piece that each may take at a time.

    :param smallest: bytes of a piece, at least.
    :param largest: bytes of a piece, at most.
    :param altogether: bytes of one piece for every reader together, exceeded only where pieces are the smallest.
    """

    def __init__(self, smallest: int = _SMALLEST, largest: int = _LARGEST, altogether: int = _ALTOGETHER) -> None:
        self._smallest = smallest
        self._largest = largest
        self._altogether = altogether
        self._readers = 0

    @contextmanager
    def reader(self) -> Iterator[None]:
        """Count one more reader for as long as the block runs."""
        self._readers += 1
        try:
            yield
        finally:
            self._readers -= 1

    @property
    def size(self) -> int:
        """Bytes to read as the next piece."""
        return max(self._smallest, min(self._largest, self._altogether // max(1, self._readers)))

    @property
    def is_scarce(self) -> bool:
        """Whether there are so many readers that pieces are smaller than the largest."""
        return self.size < self._largest
