"""How large the pieces of a file are, so that those who read at the same time hold a bounded part of the memory."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["FairShare"]

_LARGEST = 1 << 17
"""Bytes. What a client that does not read makes us hold, up to twice; larger ones are no faster."""

_SMALLEST = 1 << 14

_ALTOGETHER = 1 << 25
"""Bytes of one piece for each reader, as long as that leaves each the smallest."""


class FairShare:
    """The readers at this moment, and what each may take at a time.

    :param smallest: bytes, and so are the others.
    :param altogether: of one piece for each reader, as long as that leaves each the smallest.
    """

    def __init__(self, smallest: int = _SMALLEST, largest: int = _LARGEST, altogether: int = _ALTOGETHER) -> None:
        self._smallest = smallest
        self._largest = largest
        self._altogether = altogether
        self._readers = 0

    @contextmanager
    def reader(self) -> Iterator[None]:
        """One more, for as long as the block runs."""
        self._readers += 1
        try:
            yield
        finally:
            self._readers -= 1

    @property
    def size(self) -> int:
        """Bytes of the next piece."""
        return max(self._smallest, min(self._largest, self._altogether // max(1, self._readers)))

    @property
    def is_scarce(self) -> bool:
        """Whether the readers are so many that each has less than the largest."""
        return self.size < self._largest
