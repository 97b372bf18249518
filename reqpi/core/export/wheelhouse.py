"""A lock as one archive: every file it admits, a requirements.txt with their digests, and a list for ``sha256sum -c``.

The same lock gives the same bytes: members are sorted, and have neither owners nor times. Where each of them begins is
known before one of them is read, so that any part of the archive can be had by itself.

The format is that of POSIX (pax, IEEE Std 1003.1-2001); a member whose name is short has a plain ustar header.
"""

from __future__ import annotations

import hashlib
import tarfile
from bisect import bisect_right
from collections.abc import Iterator, Sequence

from attrs import field, frozen

from reqpi.core.model import File

__all__ = ["FOLDER", "ArchivePart", "Wheelhouse", "wheelhouse"]

FOLDER = "wheelhouse"
"""What every member is in."""

_BLOCK = 512
_RECORD = 20 * _BLOCK
"""An archive ends in zeros up to a whole record."""


@frozen
class ArchivePart:
    """A part of the archive.

    :param data: its bytes; or, where these are a file's, nothing.
    :param file: whose bytes they are, from ``start`` up to ``stop``.
    """

    data: bytes = b""
    file: File | None = None
    start: int = 0
    stop: int = 0


@frozen(slots=False)
class Wheelhouse:
    """An archive that is not written yet.

    :param etag: equal only for equal bytes.
    :param size: bytes of all of it.
    """

    etag: str
    size: int
    _starts: Sequence[int] = field(repr=False)
    _pieces: Sequence[bytes | tuple[File, int]] = field(repr=False)

    def stretches(self, start: int, stop: int) -> Iterator[ArchivePart]:
        """What there is from ``start`` up to ``stop``, in order."""
        at = max(0, bisect_right(self._starts, start) - 1)
        while at < len(self._pieces) and self._starts[at] < stop:
            piece, begins = self._pieces[at], self._starts[at]
            length = len(piece) if isinstance(piece, bytes) else piece[1]
            first, last = max(0, start - begins), min(length, stop - begins)
            if first < last:
                yield (
                    ArchivePart(piece[first:last])
                    if isinstance(piece, bytes)
                    else ArchivePart(b"", piece[0], first, last)
                )
            at += 1


def wheelhouse(files: Sequence[tuple[File, int]], requirements: bytes) -> Wheelhouse:
    """The archive of ``files``, each with its size in bytes.

    :param requirements: a requirements.txt for them, which names no index.
    """
    once = {file.filename: (file, size) for file, size in files}
    ordered = [once[filename] for filename in sorted(once)]
    sums = _sums(ordered, requirements)
    pieces: list[bytes | tuple[File, int]] = [
        _member("SHA256SUMS", sums) + _member("requirements.txt", requirements),
    ]
    for file, size in ordered:
        pieces += [_header(file.filename, size), (file, size), _padding(size)]
    starts, end = [], 0
    for piece in pieces:
        starts.append(end)
        end += len(piece) if isinstance(piece, bytes) else piece[1]
    last = bytes(-(end + 2 * _BLOCK) % _RECORD + 2 * _BLOCK)
    return Wheelhouse(hashlib.sha256(sums).hexdigest(), end + len(last), [*starts, end], [*pieces, last])


def _sums(files: Sequence[tuple[File, int]], requirements: bytes) -> bytes:
    """What ``sha256sum -c`` reads."""
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
