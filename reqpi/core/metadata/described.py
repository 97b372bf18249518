"""The core metadata of an sdist with its requirements, read without running code.

For a long time setuptools wrote no ``Requires-Dist`` into ``PKG-INFO``, but a ``requires.txt`` next to it.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator

from reqpi.core.metadata import zip_ranges
from reqpi.core.metadata.headers import read_headers
from reqpi.core.metadata.tar_members import MOST_MEMBERS, UNREADABLE, members

__all__ = ["core_metadata", "requires_dist"]

_LARGEST = 1 << 20
_INFO = re.compile(r"(?:\./)?[^/]+/PKG-INFO")
_REQUIRES = re.compile(r"(?:\./)?[^/]+/(?:[^/]+/){0,2}[^/]+\.egg-info/requires\.txt")
_MOST_LINES = 5000

# From 2.2 on, a missing field is empty unless it is marked as dynamic (:pep:`643`).
_COMPLETE = re.compile(r"2\.(?:[2-9]|\d\d)|[3-9]")


def core_metadata(data: bytes, filename: str) -> bytes | None:
    """Return the ``PKG-INFO`` of an sdist; ``None`` if it has none, or cannot be read.

    If it leaves the requirements open, it is preceded by ``Requires-Dist`` lines made from ``requires.txt``.

    :param data: the whole archive.
    :param filename: its suffix determines the archive format.
    """
    found: dict[bool, bytes] = {}
    try:
        for is_info, content in _of_zip(data) if filename.endswith(".zip") else _of_tar(data):
            found.setdefault(is_info, content)
            if len(found) == 2 or (is_info and _says_all(content)):
                break
    except (*UNREADABLE, *zip_ranges.UNREADABLE):
        pass  # the files found before the damage count
    info = found.get(True)
    if info is None or _says_all(info) or False not in found:
        return info
    stated = set(read_headers(info).get("requires_dist", ()))
    lines = [line for line in requires_dist(found[False].decode("utf-8", "replace")) if line not in stated]
    return "".join(f"Requires-Dist: {line}\n" for line in lines).encode() + info


def requires_dist(text: str) -> list[str]:
    """Return the requirements of a ``requires.txt`` in the format of ``Requires-Dist``.

    A section such as ``[tls:python_version < "3"]`` names an extra, a marker, or both.
    """
    lines: list[str] = []
    condition = ""
    for line in map(str.strip, text.splitlines()[:_MOST_LINES]):
        if line.startswith("[") and line.endswith("]"):
            extra, _, marker = line[1:-1].partition(":")
            parts = [f"({marker.strip()})"] * bool(marker.strip())
            parts += [f"extra == '{extra.strip()}'"] * bool(extra.strip())
            condition = f" ; {' and '.join(parts)}" if parts else ""
        elif line and not line.startswith("#"):
            lines.append(f"{line}{condition}")
    return lines


def _says_all(info: bytes) -> bool:
    headers = read_headers(info)
    if "requires-dist" in {field.strip().lower() for field in headers.get("dynamic", ())}:
        return False  # a build may add requirements to those that are stated (:pep:`808`)
    return _COMPLETE.match(headers.get("metadata_version", "")) is not None or "requires_dist" in headers


def _of_zip(data: bytes) -> Iterator[tuple[bool, bytes]]:
    """Yield the wanted files of a zip archive: whether it is the ``PKG-INFO``, and its content."""
    # A central directory takes ten times its size in memory; other compressions take as much as they claim.
    with zipfile.ZipFile(zip_ranges.GuardedFile(io.BytesIO(data))) as archive:
        for entry in archive.infolist()[:MOST_MEMBERS]:
            plain = entry.compress_type in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
            if _wanted(entry.filename) and entry.file_size <= _LARGEST and plain:
                with archive.open(entry) as opened:
                    yield bool(_INFO.fullmatch(entry.filename)), opened.read(_LARGEST)


def _of_tar(data: bytes) -> Iterator[tuple[bool, bytes]]:
    """Yield the wanted files of a tar archive: whether it is the ``PKG-INFO``, and its content."""
    for member, archive in members(data):
        if member.isfile() and _wanted(member.name) and 0 <= member.size <= _LARGEST:
            opened = archive.extractfile(member)
            if opened is not None:
                yield bool(_INFO.fullmatch(member.name)), opened.read(_LARGEST)


def _wanted(path: str) -> bool:
    return bool(_INFO.fullmatch(path) or _REQUIRES.fullmatch(path))
