"""Zip archives by ranges: reading a few files of an archive from parts of it, without any input or output.

:class:`ZipRangePlan` says which ranges to fetch. :class:`GuardedFile` bounds what :mod:`zipfile` reads of an archive
that may come from anyone.
"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable
from typing import Generic, Protocol, TypeVar
from zipfile import BadZipFile, ZipInfo

__all__ = [
    "MAX_ENTRIES",
    "TAIL",
    "UNREADABLE",
    "GuardedFile",
    "MissingRange",
    "Readable",
    "SparseFile",
    "ZipRangePlan",
]

_T = TypeVar("_T")

MAX_DIRECTORY = 8 * 1024 * 1024
"""Bytes of a central directory: some 70,000 files with names of a usual length."""

MAX_ENTRIES = 100_000
"""Files in an archive."""

TAIL = 32 * 1024
"""Bytes from the end that are fetched first: the central directory of 300 files, and the metadata right before it."""

MAX_RANGES = 6
"""Ranges that a plan fetches before the whole archive is the better way."""

MAX_BYTES = 16 * 1024 * 1024
"""Bytes that a plan fetches: a central directory, and as much content."""

_LOCAL_HEADER = 30
_SLACK = 1024
"""Bytes for the extra field of a local header, whose length is not in the central directory."""

UNREADABLE = (BadZipFile, RuntimeError, EOFError, ValueError, LookupError, OverflowError, struct.error, zlib.error)
"""The exceptions that :mod:`zipfile` raises for archives made to attack it.

``NotImplementedError`` is a ``RuntimeError``. An ``OSError`` comes from the disk, so it is not among them.
"""


class MissingRange(Exception):
    """The bytes from ``start`` up to ``stop`` are needed and are not present."""

    def __init__(self, start: int, stop: int) -> None:
        super().__init__(start, stop)
        self.start = start
        self.stop = stop


class Readable(Protocol):
    """The part of a binary file's interface that is needed here."""

    def read(self, size: int = -1, /) -> bytes:
        """Read at most ``size`` bytes; with -1, all."""

    def seek(self, offset: int, whence: int = 0, /) -> int:
        """Change the position and return it."""

    def tell(self) -> int:
        """Return the position of the next byte to read."""


class SparseFile:
    """A file with only some ranges present. Other reads raise :exc:`MissingRange`; otherwise it is an ordinary file.

    :param size: bytes of the whole file.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self._position = 0
        self._parts: dict[int, bytes] = {}  # by their start; no two touch

    @property
    def held(self) -> int:
        """The number of bytes that are present."""
        return sum(map(len, self._parts.values()))

    def fill(self, start: int, data: bytes) -> None:
        """Insert bytes at a position, over any bytes that are present.

        :raises ValueError: the bytes extend beyond the end of the file.
        """
        stop = start + len(data)
        if not 0 <= start <= stop <= self.size:
            raise ValueError(f"bytes {start}-{stop} of a file of {self.size} bytes")
        touching = {at: part for at, part in self._parts.items() if at <= stop and start <= at + len(part)}
        touching_start = min([start, *touching])
        touching_stop = max([stop, *(at + len(part) for at, part in touching.items())])
        merged = bytearray(touching_stop - touching_start)
        for at, part in (*touching.items(), (start, data)):
            merged[at - touching_start : at - touching_start + len(part)] = part
            self._parts.pop(at, None)
        if merged:
            self._parts[touching_start] = bytes(merged)

    def read(self, size: int = -1, /) -> bytes:
        """Read as any file does.

        :raises MissingRange: some of the bytes are not present; the position does not change.
        """
        start = self._position
        stop = self.size if size < 0 else min(start + size, self.size)
        if start >= stop:
            return b""
        for at, part in self._parts.items():
            if at <= start and stop <= at + len(part):
                self._position = stop
                return part[start - at : stop - at]
        raise self._missing(start, stop)

    def _missing(self, start: int, stop: int) -> MissingRange:
        for at, part in self._parts.items():
            if at <= start < at + len(part):
                start = at + len(part)
            if at < stop <= at + len(part):
                stop = at
        return MissingRange(start, stop)

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        """Change the position, which may lie beyond the end, and return it.

        :raises ValueError: the position lies before the start.
        """
        position = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self.size}[whence]
        if position < 0:
            raise ValueError(f"position {position}")
        self._position = position
        return position

    def tell(self) -> int:
        """Return the position of the next byte to read."""
        return self._position

    def seekable(self) -> bool:
        """Return ``True``."""
        return True


class GuardedFile:
    """A file that bounds each read by the size of a central directory, and refuses positions outside the file.

    zipfile reads a central directory as a whole, of the length that the archive claims, before a caller can look at its
    entries.
    """

    def __init__(self, file: Readable) -> None:
        self._file = file
        self._size = file.seek(0, io.SEEK_END)

    def read(self, size: int = -1, /) -> bytes:
        """Read; see :class:`Readable`."""
        if min(size, self._size) > MAX_DIRECTORY:
            raise BadZipFile(f"more than {MAX_DIRECTORY} bytes of central directory")
        return self._file.read(MAX_DIRECTORY if size < 0 else size)

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        """Change the position; see :class:`Readable`."""
        position = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self.tell(), io.SEEK_END: self._size}[whence]
        if not 0 <= position <= self._size:
            raise BadZipFile(f"position {position} in a file of {self._size} bytes")
        return self._file.seek(position)

    def tell(self) -> int:
        """Return the position; see :class:`Readable`."""
        return self._file.tell()

    def seekable(self) -> bool:
        """Return ``True``."""
        return True

    def touch(self, entry: ZipInfo) -> None:
        """Read an entry's header and content at once, so that a sparse file reports both as one missing range."""
        self.seek(entry.header_offset)
        self.read(min(_LOCAL_HEADER + len(entry.filename) + _SLACK + entry.compress_size, MAX_DIRECTORY))


class ZipRangePlan(Generic[_T]):
    """A plan of the ranges of a zip archive to fetch for some of its content: two or three for nearly all archives.

    Fetch the range that :meth:`needs` returns and pass it to :meth:`fill`, until :meth:`needs` returns ``None``. Then
    :attr:`found` is the result. It is ``None`` if too many ranges or bytes would be necessary: fetch the whole archive
    instead.

    :param size: bytes of the archive.
    :param read: a function that returns the result, or raises :exc:`MissingRange`.
    """

    def __init__(self, size: int, read: Callable[[SparseFile], _T]) -> None:
        self.found: _T | None = None
        self._read = read
        self._file = SparseFile(size)
        self._ranges = 0
        self._next: tuple[int, int] | None = (max(0, size - TAIL), size) if size > 0 else None

    def needs(self) -> tuple[int, int] | None:
        """Return the next range to fetch, as its first byte and one past its last; ``None`` if none is left."""
        return self._next

    def fill(self, start: int, data: bytes) -> None:
        """Insert fetched bytes.

        :raises ValueError: the bytes extend beyond the end of the archive.
        :raises Exception: any exception of ``read``: the content is not there, and more bytes do not help.
        """
        self._next = None
        self._file.fill(start, data)
        self._ranges += 1
        try:
            self.found = self._read(self._file)
        except MissingRange as missing:
            bytes_then = self._file.held + missing.stop - missing.start
            if self._ranges < MAX_RANGES and bytes_then <= MAX_BYTES:
                self._next = (missing.start, missing.stop)
