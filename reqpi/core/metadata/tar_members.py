"""The members of a tar archive, one after the other, at a bounded price in time and memory.

Nothing is unpacked but what is read. What an archive would unpack to is not known before, so it is counted.
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
"""Bytes of an archive that is looked into."""

MOST_MEMBERS = 20_000

_UNPACKED = 512 << 20
"""Bytes that are unpacked on the way: some two seconds. The largest sdists there are have 300 MiB of sources."""

_MEMORY = 128 << 20
"""Bytes that unpacking may take: xz names its own size, up to 4 GiB. ``xz -9`` needs 65 MiB."""

_PIECE = 1 << 16

_LARGEST_READ = 2 << 20
"""Bytes that are read of one member, its headers and its content: headers say themselves how long they are, and of one
that goes on for ever (the map of a sparse file) each byte would take six of memory."""

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
"""What the standard library lets out on archives that are broken, or made to hurt it."""


class _Decompressor(Protocol):
    """What those of :mod:`bz2` and :mod:`lzma` have in common."""

    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    def decompress(self, data: bytes, max_length: int = -1) -> bytes: ...


class _Gzip:
    """The same for gzip, whose members may follow each other (:rfc:`1952`, section 2.2)."""

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
            if not data.startswith(b"\x1f"):  # whatever else follows is padding
                self.eof = True
                return b""
            if self._count > MOST_MEMBERS:
                raise ValueError("it has too many gzip members")
            self._one = zlib.decompressobj(31)
        unpacked = self._one.decompress(data, max_length)
        self._left = self._one.unused_data if self._one.eof else self._one.unconsumed_tail
        return unpacked


class _Stored:
    """The same for what is not packed."""

    eof = False
    needs_input = True

    def decompress(self, data: bytes, max_length: int = -1) -> bytes:
        return data


class _Unpacked:
    """An archive that is unpacked as it is read, and read from its beginning to its end.

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
        """``size`` bytes, or what there is.

        :raises ValueError: that is more than the headers and content of a small file have; or it unpacks to too much.
        """
        if not 0 <= size <= self._may_read:
            raise ValueError("one of its members has too much to be read")
        self._may_read -= size
        pieces: list[bytes] = []
        while size and self._unpack():
            pieces.append(self._ready[:size])
            self._ready = self._ready[size:]
            size -= len(pieces[-1])
        given = b"".join(pieces)
        self._position += len(given)
        return given

    def seek(self, position: int) -> None:
        """Pass over what is before ``position``.

        :raises ValueError: it is behind.
        :raises EOFError: it is beyond the end.
        """
        prefreeze = position - self._position
        if prefreeze < 0:
            raise ValueError("it goes back")
        while prefreeze:
            if not self._unpack():
                raise EOFError("it ends early")
            passed = min(prefreeze, len(self._ready))
            self._ready = self._ready[passed:]
            self._position += passed
            prefreeze -= passed

    def next_member(self) -> None:
        """What was read so far was of other members."""
        self._may_read = _LARGEST_READ

    def tell(self) -> int:
        """Where the next byte is."""
        return self._position

    def _unpack(self) -> bool:
        """Have some bytes ready, unless all were read."""
        while not self._ready and not self._by.eof:
            piece = b""
            if self._by.needs_input:
                piece = bytes(self._data[self._taken : self._taken + _PIECE])
                if not piece:
                    return False
                self._taken += len(piece)
            self._ready = self._by.decompress(piece, _PIECE)
        if self._position + len(self._ready) > _UNPACKED:
            raise ValueError("it unpacks to too much")
        return bool(self._ready)


def _decompressor(data: bytes) -> _Decompressor:
    """By the first bytes, as tarfile does: a name may say something else."""
    if data.startswith(b"\x1f\x8b"):
        return _Gzip()
    if data.startswith(b"BZh"):
        return bz2.BZ2Decompressor()
    if data.startswith((b"\xfd7zXZ", b"\x5d\0\0")):
        return lzma.LZMADecompressor(memlimit=_MEMORY)
    return _Stored()


def members(data: bytes) -> Iterator[tuple[tarfile.TarInfo, tarfile.TarFile]]:
    """Every member of a tar archive, packed or not, and what its content can be read from before the next is asked for.

    :param data: the archive, or its beginning; then it ends with an error.
    :raises Exception: one of :data:`UNREADABLE`: it is broken, has too many members, or unpacks to too much.
    """
    unpacked = _Unpacked(data)
    with tarfile.TarFile(fileobj=cast(IO[bytes], unpacked), mode="r") as archive:
        count = 0
        while (member := archive.next()) is not None:
            count += 1
            if count > MOST_MEMBERS:
                raise ValueError("it has too many members")
            yield member, archive
            # It keeps every one that it has seen, and every header that is for all that follow.
            cast(Any, archive).members.clear()
            archive.pax_headers = {}
            unpacked.next_member()
