"""The core metadata of a wheel, without any input or output: from a whole file, or from a few ranges of one."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable
from functools import partial
from typing import Generic, Protocol, TypeVar
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from packaging.utils import canonicalize_name

from reqpi.core.errors import UpstreamTrouble
from reqpi.core.model import Project

__all__ = [
    "UNREADABLE",
    "BrokenWheel",
    "GuardedFile",
    "LazyWheel",
    "MissingRange",
    "Readable",
    "SparseFile",
    "ZipRangePlan",
    "wheel_metadata",
]

_T = TypeVar("_T")

MAX_METADATA = 8 * 1024 * 1024
"""Bytes. The longest known are descriptions of some 100 KiB."""

MAX_DIRECTORY = 8 * 1024 * 1024
"""Bytes of a central directory: some 70,000 files with names of a usual length."""

MAX_ENTRIES = 100_000

TAIL = 32 * 1024
"""Bytes from the end that are asked for first: the central directory of 300 files, and the metadata right before it."""

MAX_RANGES = 6
MAX_BYTES = MAX_METADATA + MAX_DIRECTORY

_LOCAL_HEADER = 30
_SLACK = 1024
"""For the extra field of a local header, which the central directory does not tell the length of."""


class BrokenWheel(UpstreamTrouble):
    """A wheel that pip could not install either, or one that is out of all proportion."""


class MissingRange(Exception):
    """These bytes are needed and are not there: from ``start`` up to ``stop``."""

    def __init__(self, start: int, stop: int) -> None:
        super().__init__(start, stop)
        self.start = start
        self.stop = stop


class Readable(Protocol):
    """As much of a binary file as is needed here."""

    def read(self, size: int = -1, /) -> bytes:
        """At most ``size`` bytes, or all."""

    def seek(self, offset: int, whence: int = 0, /) -> int:
        """Go somewhere, and say where that is."""

    def tell(self) -> int:
        """Where the next byte is read."""


class SparseFile:
    """A file of which only some ranges are here. To :mod:`zipfile` it is as good as any, but for :exc:`MissingRange`.

    :param size: of the whole file, in bytes.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self._position = 0
        self._pieces: dict[int, bytes] = {}  # by where they begin; no two touch

    @property
    def held(self) -> int:
        """How many bytes are here."""
        return sum(map(len, self._pieces.values()))

    def fill(self, start: int, data: bytes) -> None:
        """Put bytes where they belong, over what is there.

        :raises ValueError: they reach beyond the end.
        """
        stop = start + len(data)
        if not 0 <= start <= stop <= self.size:
            raise ValueError(f"bytes {start}-{stop} of a file of {self.size} bytes")
        touching = {at: piece for at, piece in self._pieces.items() if at <= stop and start <= at + len(piece)}
        touching_start = min([start, *touching])
        touching_stop = max([stop, *(at + len(piece) for at, piece in touching.items())])
        merged = bytearray(touching_stop - touching_start)
        for at, piece in (*touching.items(), (start, data)):
            merged[at - touching_start : at - touching_start + len(piece)] = piece
            self._pieces.pop(at, None)
        if merged:
            self._pieces[touching_start] = bytes(merged)

    def read(self, size: int = -1, /) -> bytes:
        """Read as any file does.

        :raises Missing: not all of it is here; the position stays.
        """
        start = self._position
        stop = self.size if size < 0 else min(start + size, self.size)
        if start >= stop:
            return b""
        for at, piece in self._pieces.items():
            if at <= start and stop <= at + len(piece):
                self._position = stop
                return piece[start - at : stop - at]
        raise self._missing(start, stop)

    def _missing(self, start: int, stop: int) -> MissingRange:
        for at, piece in self._pieces.items():
            if at <= start < at + len(piece):
                start = at + len(piece)
            if at < stop <= at + len(piece):
                stop = at
        return MissingRange(start, stop)

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        """Go to a position, which may lie beyond the end.

        :raises ValueError: it lies before the start.
        """
        position = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self.size}[whence]
        if position < 0:
            raise ValueError(f"position {position}")
        self._position = position
        return position

    def tell(self) -> int:
        """Where the next byte is read."""
        return self._position

    def seekable(self) -> bool:
        """It is."""
        return True


class GuardedFile:
    """A file that hands out no more at once than a central directory may have, and cannot be sent astray.

    zipfile reads a central directory in one piece, as long as the archive says, before anybody sees its entries.
    """

    def __init__(self, file: Readable) -> None:
        self._file = file
        self._size = file.seek(0, io.SEEK_END)

    def read(self, size: int = -1, /) -> bytes:
        """See :class:`Readable`."""
        if min(size, self._size) > MAX_DIRECTORY:
            raise BadZipFile(f"more than {MAX_DIRECTORY} bytes of central directory")
        return self._file.read(MAX_DIRECTORY if size < 0 else size)

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        """See :class:`Readable`."""
        position = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self.tell(), io.SEEK_END: self._size}[whence]
        if not 0 <= position <= self._size:
            raise BadZipFile(f"position {position} in a file of {self._size} bytes")
        return self._file.seek(position)

    def tell(self) -> int:
        """See :class:`Readable`."""
        return self._file.tell()

    def seekable(self) -> bool:
        """It is."""
        return True

    def touch(self, entry: ZipInfo) -> None:
        """Read over header and content: a sparse file then misses both at once and not one after the other."""
        self.seek(entry.header_offset)
        self.read(min(_LOCAL_HEADER + len(entry.filename) + _SLACK + entry.compress_size, MAX_DIRECTORY))


# What zipfile lets out on archives made to hurt it (NotImplementedError is a RuntimeError). OSError is the disk's own.
UNREADABLE = (BadZipFile, RuntimeError, EOFError, ValueError, LookupError, OverflowError, struct.error, zlib.error)


def wheel_metadata(file: Readable, filename: str, project: Project) -> bytes:
    """Read the ``METADATA`` of a wheel, from the same place where pip reads it (``wheel_dist_info_dir``).

    Wheels are archives of stored and deflated files here; no other compression can be bounded with :mod:`zipfile`.

    :param filename: for messages.
    :param project: whose wheel it is.
    :raises BrokenWheel: there is none to be had; asking again will not help.
    :raises Missing: of a :class:`SparseFile`, whose missing bytes are needed first.
    """
    try:
        guarded = GuardedFile(file)
        with ZipFile(guarded) as archive:
            entry = _entry(archive, filename, project)
            guarded.touch(entry)
            with archive.open(entry) as opened:
                return opened.read(MAX_METADATA)
    except UNREADABLE as error:
        raise BrokenWheel(f"{filename} cannot be read", f"It is a broken archive ({error}).") from error


def _entry(archive: ZipFile, filename: str, project: Project) -> ZipInfo:
    names = archive.namelist()
    if len(names) > MAX_ENTRIES:
        raise BrokenWheel(f"{filename} cannot be read", f"It has more than {MAX_ENTRIES} files.")
    found = sorted({top for name in names if (top := name.partition("/")[0]).endswith(".dist-info")})
    if len(found) != 1:
        these = ", ".join(found[:5])[:200] or "none"
        raise BrokenWheel(f"{filename} is no wheel", f"It should have one .dist-info directory, and has: {these}.")
    if not canonicalize_name(found[0]).startswith(project):
        raise BrokenWheel(f"{filename} is no wheel of {project}", f"Its .dist-info directory is {found[0][:200]!r}.")
    path = f"{found[0]}/METADATA"
    if path not in archive.NameToInfo:
        raise BrokenWheel(f"{filename} is no wheel", "It has no METADATA.")
    entry = archive.getinfo(path)
    if entry.flag_bits & 1:
        raise BrokenWheel(f"{filename} cannot be read", "It is encrypted.")
    if entry.compress_type not in {ZIP_STORED, ZIP_DEFLATED}:
        raise BrokenWheel(f"{filename} cannot be read", f"Its compression ({entry.compress_type}) is not supported.")
    if max(entry.file_size, entry.compress_size) > MAX_METADATA:
        raise BrokenWheel(f"{filename} cannot be read", f"Its METADATA has more than {MAX_METADATA} bytes.")
    return entry


class ZipRangePlan(Generic[_T]):
    """Plans which ranges of a zip archive to fetch for something in it: two or three for nearly all of them.

    Fetch what :meth:`needs` says and :meth:`fill` it in, until it says ``None``. Then :attr:`found` is there, or
    it is ``None``: it would take too many ranges or bytes, and the whole archive is the better way.

    :param size: of the archive, in bytes.
    :param read: gives what is wanted, or raises :exc:`MissingRange`.
    """

    def __init__(self, size: int, read: Callable[[SparseFile], _T]) -> None:
        self.found: _T | None = None
        self._read = read
        self._file = SparseFile(size)
        self._ranges = 0
        self._next: tuple[int, int] | None = (max(0, size - TAIL), size) if size > 0 else None

    def needs(self) -> tuple[int, int] | None:
        """The range to fetch now, from its first byte up to one past its last; ``None`` when all is done."""
        return self._next

    def fill(self, start: int, data: bytes) -> None:
        """Put in what was fetched.

        :raises ValueError: the bytes reach beyond the end of the archive.
        :raises Exception: what reading raised: it is not there, and more bytes do not help.
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


class LazyWheel(ZipRangePlan[bytes]):
    """Plans the ranges of a wheel for its metadata. :meth:`fill` raises :exc:`BrokenWheel` where there is none."""

    def __init__(self, size: int, filename: str, project: Project) -> None:
        super().__init__(size, partial(wheel_metadata, filename=filename, project=project))

    @property
    def metadata(self) -> bytes | None:
        """What was found."""
        return self.found
