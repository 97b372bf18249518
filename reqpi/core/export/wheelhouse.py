"""A lock as one archive: every file it admits, a requirements.txt with their digests, and a list for ``sha256sum -c``.

The same lock gives the same bytes: members are sorted, and have neither owners nor times. The offset of each member is
known before any is read, so that any part of the archive can be served by itself.

The format is that of POSIX (pax, IEEE Std 1003.1-2001); a member whose name is short has a plain ustar header.
"""

from __future__ import annotations

import hashlib
import tarfile
from bisect import bisect_right
from collections.abc import Iterator, Sequence

from attrs import field, frozen

from reqpi.core.model import File

__all__ = ["FOLDER", "SUMS_AND_REQUIREMENTS", "ArchivePart", "Wheelhouse", "wheelhouse"]

FOLDER = "wheelhouse"
"""The folder that contains every member."""

SUMS_AND_REQUIREMENTS = ("SHA256SUMS", "requirements.txt")
"""The members that are not files of the lock."""

_BLOCK = 512
_RECORD = 20 * _BLOCK
"""Bytes of a record. An archive is padded with zeros to a whole number of records."""


@frozen
class ArchivePart:
    """A part of the archive.

    :param data: its bytes; empty if they are bytes of a file.
    :param file: the file that has the bytes, from ``start`` up to, but not including, ``stop``.
    """

    data: bytes = b""
    file: File | None = None
    start: int = 0
    stop: int = 0


@frozen(slots=False)
class Wheelhouse:
    """An archive that is not written yet.

    :param etag: equal only for equal bytes.
    :param size: bytes of the whole archive.
    """

    etag: str
    size: int
    _starts: Sequence[int] = field(repr=False)
    _parts: Sequence[bytes | tuple[File, int]] = field(repr=False)

    def stretches(self, start: int, stop: int) -> Iterator[ArchivePart]:
        """Yield the parts from ``start`` up to, but not including, ``stop``, in order."""
        at = max(0, bisect_right(self._starts, start) - 1)
        while at < len(self._parts) and self._starts[at] < stop:
            part, begins = self._parts[at], self._starts[at]
            length = len(part) if isinstance(part, bytes) else part[1]
            first, last = max(0, start - begins), min(length, stop - begins)
            if first < last:
                yield (
                    ArchivePart(part[first:last]) if isinstance(part, bytes) else ArchivePart(b"", part[0], first, last)
                )
            at += 1


def wheelhouse(files: Sequence[tuple[File, int]], requirements: bytes) -> Wheelhouse:
    """Return the archive of ``files``.

    :param files: each with its size in bytes.
    :param requirements: a requirements.txt for them, which names no index.
    """
    unique = {file.filename: (file, size) for file, size in files}
    ordered = [unique[filename] for filename in sorted(unique)]
    sums = _sums(ordered, requirements)
    parts: list[bytes | tuple[File, int]] = [
        b"".join(map(_member, SUMS_AND_REQUIREMENTS, (sums, requirements))),
    ]
    for file, size in ordered:
        parts += [_header(file.filename, size), (file, size), _padding(size)]
    starts, end = [], 0
    for part in parts:
        starts.append(end)
        end += len(part) if isinstance(part, bytes) else part[1]
    last = bytes(-(end + 2 * _BLOCK) % _RECORD + 2 * _BLOCK)
    return Wheelhouse(hashlib.sha256(sums).hexdigest(), end + len(last), [*starts, end], [*parts, last])


def _sums(files: Sequence[tuple[File, int]], requirements: bytes) -> bytes:
    """Return the list that ``sha256sum -c`` reads."""
    lines = [f"{hashlib.sha256(requirements).hexdigest()}  requirements.txt\n"]
    return "".join([*lines, *(f"{file.sha256}  {file.filename}\n" for file, _ in files)]).encode()


def _member(name: str, data: bytes) -> bytes:
    return _header(name, len(data)) + data + _padding(len(data))


def _header(name: str, size: int) -> bytes:
    member = tarfile.TarInfo(f"{FOLDER}/{name}")
    member.size, member.mode = size, 0o644
    return member.tobuf(tarfile.PAX_FORMAT, "utf-8", "strict")


def _padding(size: int) -> bytes:
    return bytes(-size % _BLOCK)
