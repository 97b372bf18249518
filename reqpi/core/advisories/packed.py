"""Documents that stay compressed in memory, as they are in the archive that they come from.

:mod:`zipfile` reads the directory of an archive. Its objects for reading a member would take longer than the member.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from typing import NamedTuple
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from reqpi.core.metadata.zip_ranges import GuardedFile, Readable

__all__ = ["PackedDocument", "packed", "packed_documents", "unpacked"]

_RAW = -15
"""The format of a member: deflated, without zlib's header (:rfc:`1951`)."""

_FASTEST = 1
"""The level of compression for documents that come from no archive."""

_LOCAL_HEADER = struct.Struct("<4s22xHH")
_SIGNATURE = b"PK\x03\x04"

_ENCRYPTED = 1
"""The flag of an encrypted member."""


class PackedDocument(NamedTuple):
    """One document of an archive.

    :ivar name: of its file.
    :ivar data: the document; no more than one byte beyond the bound if it is larger.
    :ivar packed: the same, compressed.
    """

    name: str
    data: bytes
    packed: bytes


def packed(data: bytes) -> bytes:
    """Return a document, compressed."""
    return zlib.compress(data, _FASTEST, _RAW)


def unpacked(data: bytes) -> bytes:
    """Return the document that was compressed."""
    return zlib.decompress(data, _RAW)


def packed_documents(file: Readable, suffix: str, *, most: int, largest: int) -> Iterator[PackedDocument]:
    """Yield the files of a zip archive whose names have a suffix, in the order of its directory.

    :param most: files in the archive.
    :param largest: bytes of a document. No more is read of a larger one than shows that.
    :raises BadZipFile: the archive is damaged, is not one, or has too many files; likewise the other exceptions of
        :data:`reqpi.core.metadata.zip_ranges.UNREADABLE`.
    """
    with ZipFile(GuardedFile(file)) as archive:
        entries = archive.infolist()
    if len(entries) > most:
        raise BadZipFile(f"it has {len(entries)} files")
    for entry in entries:
        if entry.filename.endswith(suffix):
            yield _document(file, entry, largest)


def _document(file: Readable, entry: ZipInfo, largest: int) -> PackedDocument:
    raw = _member(file, entry, largest)
    if entry.compress_type == ZIP_STORED:
        data = raw[: largest + 1]
        return _checked(entry, data, packed(data), whole=len(raw) <= largest)
    unpacking = zlib.decompressobj(_RAW)
    data = unpacking.decompress(raw, largest + 1)
    whole = len(data) <= largest
    if whole and not unpacking.eof:
        raise BadZipFile(f"{entry.filename!a} ends early")
    return _checked(entry, data, raw, whole=whole)


def _checked(entry: ZipInfo, data: bytes, raw: bytes, *, whole: bool) -> PackedDocument:
    if whole and (len(data) != entry.file_size or zlib.crc32(data) != entry.CRC):
        raise BadZipFile(f"{entry.filename!a} has other bytes than the directory says")
    return PackedDocument(entry.filename, data, raw)


def _member(file: Readable, entry: ZipInfo, largest: int) -> bytes:
    """Return the bytes of a member as the archive has them, or as many as a document can have."""
    if entry.compress_type not in (ZIP_STORED, ZIP_DEFLATED) or entry.flag_bits & _ENCRYPTED:
        raise BadZipFile(f"{entry.filename!a} is encrypted, or is not compressed with deflate")
    file.seek(entry.header_offset)
    header = file.read(_LOCAL_HEADER.size)
    if len(header) < _LOCAL_HEADER.size or not header.startswith(_SIGNATURE):
        raise BadZipFile(f"{entry.filename!a} is not where the directory says")
    _, name, extra = _LOCAL_HEADER.unpack(header)
    file.seek(entry.header_offset + _LOCAL_HEADER.size + name + extra)
    size = min(entry.compress_size, largest + 1)
    raw = file.read(size)
    if len(raw) < size:
        raise BadZipFile(f"{entry.filename!a} ends early")
    return raw
