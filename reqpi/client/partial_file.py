"""The part of a file that has arrived, on disk, with the digest of its bytes so far."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from typing import BinaryIO

__all__ = ["PartialFile"]

_PIECE = 1 << 18


class PartialFile:
    """The part of a file that has arrived, and its digest.

    :param stream: opened for reading, and for appending if it is to be written.
    :ivar size: bytes so far.
    """

    def __init__(self, stream: BinaryIO, progress: Callable[[int], None]) -> None:
        self._stream = stream
        self._progress = progress
        self._computed = hashlib.sha256()
        self.size = 0
        stream.seek(0)
        while data := stream.read(_PIECE):
            self._count(data)

    @property
    def sha256(self) -> str:
        """The digest of the bytes so far, in hex."""
        return self._computed.hexdigest()

    def append(self, data: bytes) -> None:
        """Append bytes."""
        self._stream.write(data)
        self._count(data)

    def forget(self) -> None:
        """Discard all bytes, to begin again."""
        self._stream.truncate(0)
        self._progress(-self.size)
        self._computed = hashlib.sha256()
        self.size = 0

    def settle(self) -> None:
        """Write everything to the disk."""
        self._stream.flush()
        os.fsync(self._stream.fileno())

    def _count(self, data: bytes) -> None:
        self._computed.update(data)
        self.size += len(data)
        self._progress(len(data))
