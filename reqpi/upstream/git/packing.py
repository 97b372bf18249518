"""Packing of several tar archives into one ``.tar.gz``, with the same bytes on every machine and in every year.

The output of a compressor differs from one zlib to the next. A file that was swept may be fetched again by a server
that has been upgraded since, and its digest must not change. So nothing is compressed: gzip (:rfc:`1952`) and deflate
(:rfc:`1951`) have blocks that are stored as they are.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from reqpi.core.errors import UpstreamTrouble

__all__ = ["pack"]

_RECORD = 512
_END = 1 << 17
"""The number of zeros at the end. Two records of them end a tar archive (POSIX, pax), and any number may follow.

pip treats a file as a zip archive, whatever its name, if it finds the end of one in the last 64 KiB. A wheel in a
repository is stored uncompressed, so it would be found there.
"""
_BLOCK = 65535  # a stored block's length has 16 bits
_HEAD = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"  # deflate, no name, no time, no system


def pack(archives: Iterable[Path], to: BinaryIO) -> None:
    """Write one ``.tar.gz`` with the members of all ``archives``, in their order.

    :raises reqpi.core.errors.UpstreamTrouble: one of them is incomplete or cannot be read.
    """
    to.write(_HEAD)
    crc = size = 0
    for block in _blocks(_pieces(archives)):
        to.write(struct.pack("<BHH", 0, len(block), len(block) ^ 0xFFFF) + block)
        crc, size = zlib.crc32(block, crc), size + len(block)
    to.write(b"\x01\x00\x00\xff\xff" + struct.pack("<II", crc, size & 0xFFFFFFFF))
    to.flush()


def _pieces(archives: Iterable[Path]) -> Iterator[bytes]:
    for archive in archives:
        with archive.open("rb") as file:
            yield from _members(file)
    yield bytes(_END)


def _members(file: BinaryIO) -> Iterator[bytes]:
    """Yield a tar archive without the zeros at its end."""
    while (header := file.read(_RECORD)) and any(header):
        yield header
        left = -(-_length(header) // _RECORD) * _RECORD
        while left:
            data = file.read(min(left, 1 << 20))
            if not data:
                raise UpstreamTrouble("git wrote an incomplete archive")
            yield data
            left -= len(data)


def _length(header: bytes) -> int:
    """Return the length of a member. git writes it in octal; a length that does not fit exceeds our limits anyway."""
    digits = header[124:136].rstrip(b"\0 ")
    if len(header) != _RECORD or not digits.isdigit():
        raise UpstreamTrouble("git wrote an archive that cannot be read")
    return int(digits, 8)


def _blocks(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Yield the same bytes in blocks of one length, so that the sizes of the pieces leave no trace."""
    rest = bytearray()
    for piece in pieces:
        rest += piece
        whole = len(rest) - len(rest) % _BLOCK
        for at in range(0, whole, _BLOCK):
            yield bytes(rest[at : at + _BLOCK])
        del rest[:whole]
    if rest:
        yield bytes(rest)
