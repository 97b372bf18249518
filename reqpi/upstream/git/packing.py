"""Several tar archives into one ``.tar.gz``, the same bytes on every machine and in every year.

What a compressor makes of its input differs from one zlib to the next, and a file that was swept away is fetched again
by a server that was upgraded meanwhile: its digest must not have changed. So nothing is compressed: gzip (:rfc:`1952`)
and deflate (:rfc:`1951`) have blocks that are stored as they are.
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
"""Zeros at the end. Two records of them end a tar archive (POSIX, pax), and any number may follow.

pip takes a file for a zip archive, whatever its name, where the end of one is found in the last 64 KiB: a wheel in a
repository is there as it is.
"""
_BLOCK = 65535  # a stored block's length has 16 bits
_HEAD = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"  # deflate, no name, no time, no system


def pack(archives: Iterable[Path], to: BinaryIO) -> None:
    """Write one ``.tar.gz`` with what is in all of ``archives``, in their order."""
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
    """A tar archive without its end."""
    while (header := file.read(_RECORD)) and any(header):
        yield header
        left = -(-_length(header) // _RECORD) * _RECORD
        while left:
            data = file.read(min(left, 1 << 20))
            if not data:
                raise UpstreamTrouble("git wrote half an archive")
            yield data
            left -= len(data)


def _length(header: bytes) -> int:
    """The length of a member. git writes it in octal; what is longer than that can say is beyond our limits."""
    digits = header[124:136].rstrip(b"\0 ")
    if len(header) != _RECORD or not digits.isdigit():
        raise UpstreamTrouble("git wrote an archive that cannot be read")
    return int(digits, 8)


def _blocks(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """The same bytes in blocks of one length: where a piece ended must not show."""
    rest = bytearray()
    for piece in pieces:
        rest += piece
        whole = len(rest) - len(rest) % _BLOCK
        for at in range(0, whole, _BLOCK):
            yield bytes(rest[at : at + _BLOCK])
        del rest[:whole]
    if rest:
        yield bytes(rest)
