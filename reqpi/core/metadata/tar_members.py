"""The members of a tar archive, one after the other, with bounded time and memory.

Only what is read is decompressed. The size of the decompressed archive is not known beforehand, so it is counted.
"""

from __future__ import annotations

import bz2
import lzma
import tarfile
import zlib
from collections.abc import Iterator
from typing import IO, Any, Protocol, cast
from zipfile import BadZipFile

__all__ = ["LARGEST", "MOST_MEMBERS", "UNREADABLE", "members"]

LARGEST = 64 << 20
"""Bytes of the largest archive that is read."""

MOST_MEMBERS = 20_000
"""Members of one archive."""

_UNPACKED = 512 << 20
"""Bytes that are decompressed, which takes some two seconds. The largest known sdists have 300 MiB of sources."""

_MEMORY = 128 << 20
"""Bytes of memory for decompression: an xz file states its own need, up to 4 GiB. ``xz -9`` needs 65 MiB."""

_PIECE = 1 << 16

_LARGEST_READ = 2 << 20
"""Bytes that are read of one member, headers and content. Headers state their own length, and in one that goes on
forever (the map of a sparse file) each byte would take six bytes of memory."""

UNREADABLE = (
    tarfile.TarError,
    BadZipFile,
    lzma.LZMAError,
    zlib.error,
    OSError,
    EOFError,
    ValueError,
    RuntimeError,
    LookupError,
)
"""The exceptions that the standard library raises for archives that are damaged or made to attack it."""


class _Decompressor(Protocol):
    """The common interface of the decompressors in :mod:`bz2` and :mod:`lzma`."""

    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    def decompress(self, data: bytes, max_length: int = -1) -> bytes: ...


class _Gzip:
    """A decompressor for gzip, whose members may follow each other (:rfc:`1952`, section 2.2)."""

    def __init__(self) -> None:
        self.eof = False
        self._one = zlib.decompressobj(31)
        self._count = 1
        self._left = b""

    @property
    def needs_input(self) -> bool:
        return not self._left

    def decompress(self, data: bytes, max_length: int = -1) -> bytes:
        data = self._left + data
        if self._one.eof:
            self._count += 1
            if not data.startswith(b"\x1f"):  # anything else that follows is padding
                self.eof = True
                return b""
            if self._count > MOST_MEMBERS:
                raise ValueError("it has too many gzip members")
            self._one = zlib.decompressobj(31)
        unpacked = self._one.decompress(data, max_length)
        self._left = self._one.unused_data if self._one.eof else self._one.unconsumed_tail
        return unpacked


class _Stored:
    """A decompressor for data that is not compressed."""

    eof = False
    needs_input = True

    def decompress(self, data: bytes, max_length: int = -1) -> bytes:
        return data


class _Unpacked:
    """An archive that is decompressed while it is read, from its beginning to its end.

    :param data: the archive, or its beginning.
    """

    def __init__(self, data: bytes) -> None:
        self._data = memoryview(data)
        self._taken = 0
        self._position = 0
        self._may_read = _LARGEST_READ
        self._ready = b""
        self._by = _decompressor(data)

    def read(self, size: int) -> bytes:
        """Read ``size`` bytes, or fewer at the end.

        :raises ValueError: ``size`` exceeds the headers and content of a small file, or the archive decompresses to too
            much.
        """
        if not 0 <= size <= self._may_read:
            raise ValueError("one of its members is too large")
        self._may_read -= size
        parts: list[bytes] = []
        while size and self._unpack():
            parts.append(self._ready[:size])
            self._ready = self._ready[size:]
            self._position += len(parts[-1])
            size -= len(parts[-1])
        return b"".join(parts)

    def seek(self, position: int) -> None:
        """Skip the bytes before ``position``.

        :raises ValueError: the position lies before the current one.
        :raises EOFError: the position lies beyond the end.
        """
        distance = position - self._position
        if distance < 0:
            raise ValueError("it refers to an earlier position")
        while distance:
            if not self._unpack():
                raise EOFError("it ends early")
            skipped = min(distance, len(self._ready))
            self._ready = self._ready[skipped:]
            self._position += skipped
            distance -= skipped

    def next_member(self, may_read: int = _LARGEST_READ) -> None:
        """Reset the bound on reads, which applies to each member, and once more to its content.

        :param may_read: bytes.
        """
        self._may_read = may_read

    def tell(self) -> int:
        """Return the position of the next byte."""
        return self._position

    def _unpack(self) -> bool:
        """Decompress until some bytes are ready; return ``False`` if all were read."""
        while not self._ready and not self._by.eof:
            piece = b""
            if self._by.needs_input:
                piece = bytes(self._data[self._taken : self._taken + _PIECE])
                if not piece:
                    return False
                self._taken += len(piece)
            self._ready = self._by.decompress(piece, _PIECE)
        if self._position + len(self._ready) > _UNPACKED:
            raise ValueError("it decompresses to too much")
        return bool(self._ready)


def _decompressor(data: bytes) -> _Decompressor:
    """Return the decompressor for the first bytes, as tarfile does: the filename may be wrong."""
    if data.startswith(b"\x1f\x8b"):
        return _Gzip()
    if data.startswith(b"BZh"):
        return bz2.BZ2Decompressor()
    if data.startswith((b"\xfd7zXZ", b"\x5d\0\0")):
        return lzma.LZMADecompressor(memlimit=_MEMORY)
    return _Stored()


def members(data: bytes, content: int | None = None) -> Iterator[tuple[tarfile.TarInfo, tarfile.TarFile]]:
    """Yield every member of a tar archive, compressed or not, and the archive to read its content from.

    The content of a member can be read only until the next member is requested.

    :param data: the archive, or its beginning; the beginning ends with an error.
    :param content: bytes of a member's content that may be read; ``None`` for as many as of its headers.
    :raises Exception: one of :data:`UNREADABLE`: the archive is damaged, has too many members, or decompresses to too
        much.
    """
    unpacked = _Unpacked(data)
    with tarfile.TarFile(fileobj=cast(IO[bytes], unpacked), mode="r") as archive:
        count = 0
        while (member := archive.next()) is not None:
            count += 1
            if count > MOST_MEMBERS:
                raise ValueError("it has too many members")
            if content is not None:
                unpacked.next_member(content)
            yield member, archive
            # tarfile keeps every member that it has read, and every header that applies to all following members.
            cast(Any, archive).members.clear()
            archive.pax_headers = {}
            unpacked.next_member()
