"""The name and version in the ``PKG-INFO`` of an sdist (:pep:`625`, :pep:`643`), read without running code."""

from __future__ import annotations

import io
import zipfile

from attrs import frozen
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from reqpi.core.metadata import zip_ranges
from reqpi.core.metadata.headers import read_headers
from reqpi.core.metadata.tar_members import MOST_MEMBERS, UNREADABLE, members
from reqpi.core.model import Project

__all__ = ["ReleaseIdentity", "identity", "pkg_info"]

_LARGEST_INFO = 1 << 20


@frozen
class ReleaseIdentity:
    """The release that an archive claims to be."""

    project: Project
    version: Version


def identity(data: bytes, filename: str) -> ReleaseIdentity | None:
    """Return the release that an archive claims to be; ``None`` if it claims none, or cannot be read.

    An archive of a repository has no ``PKG-INFO``: its version is known only after a build.

    :param data: the whole archive.
    :param filename: its suffix determines the archive format.
    """
    info = pkg_info(data, filename)
    return None if info is None else _parsed(info)


def pkg_info(data: bytes, filename: str) -> bytes | None:
    """Return the ``PKG-INFO`` of an archive, unchanged; ``None`` if it has none, or cannot be read."""
    try:
        return _from_zip(data) if filename.endswith(".zip") else _from_tar(data)
    except (*UNREADABLE, *zip_ranges.UNREADABLE):
        return None


def _from_zip(data: bytes) -> bytes | None:
    # A central directory takes ten times its size in memory; other compressions take as much as they claim.
    with zipfile.ZipFile(zip_ranges.GuardedFile(io.BytesIO(data))) as archive:
        for entry in archive.infolist()[:MOST_MEMBERS]:
            plain = entry.compress_type in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
            if _is_info(entry.filename) and entry.file_size <= _LARGEST_INFO and plain:
                with archive.open(entry) as opened:
                    return opened.read(_LARGEST_INFO)
    return None


def _from_tar(data: bytes) -> bytes | None:
    for member, archive in members(data):
        if member.isfile() and _is_info(member.name) and 0 <= member.size <= _LARGEST_INFO:
            opened = archive.extractfile(member)
            return None if opened is None else opened.read(_LARGEST_INFO)
    return None


def _is_info(path: str) -> bool:
    """Return whether a path is like ``six-1.0/PKG-INFO``, and not deeper: an egg-info folder has a different one."""
    top, _, rest = path.removeprefix("./").partition("/")
    return bool(top) and rest == "PKG-INFO"


def _parsed(info: bytes) -> ReleaseIdentity | None:
    headers = read_headers(info)
    name, version = headers.get("name", ""), headers.get("version", "")
    try:
        return ReleaseIdentity(canonicalize_name(name, validate=True), Version(version[:200]))
    except (InvalidVersion, ValueError):
        return None
