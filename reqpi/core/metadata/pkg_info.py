"""What an sdist says of itself in its ``PKG-INFO`` (:pep:`625`, :pep:`643`): name and version, nothing being run."""

from __future__ import annotations

import io
import zipfile
from email.parser import BytesHeaderParser

from attrs import frozen
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from reqpi.core.metadata import zip_ranges
from reqpi.core.metadata.tar_members import MOST_MEMBERS, UNREADABLE, members
from reqpi.core.model import Project

__all__ = ["ReleaseIdentity", "identity", "pkg_info"]

_LARGEST_INFO = 1 << 20


@frozen
class ReleaseIdentity:
    """Whose release an archive says it is."""

    project: Project
    version: Version


def identity(data: bytes, filename: str) -> ReleaseIdentity | None:
    """What an archive says that it is; ``None`` where it does not say, or cannot be read.

    An archive of a repository has no ``PKG-INFO``: its version is known only once it is built.

    :param data: the whole archive.
    :param filename: its ending tells how it is packed.
    """
    info = pkg_info(data, filename)
    return None if info is None else _parsed(info)


def pkg_info(data: bytes, filename: str) -> bytes | None:
    """The core metadata of an archive, as it stands there; ``None`` where it has none, or cannot be read."""
    try:
        return _from_zip(data) if filename.endswith(".zip") else _from_tar(data)
    except (*UNREADABLE, *zip_ranges.UNREADABLE):
        return None


def _from_zip(data: bytes) -> bytes | None:
    # A central directory takes ten times its size in memory, and other compressions what they ask for.
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
    """``six-1.0/PKG-INFO``, and no deeper: an egg-info folder has another, of another format."""
    top, _, rest = path.removeprefix("./").partition("/")
    return bool(top) and rest == "PKG-INFO"


def _parsed(info: bytes) -> ReleaseIdentity | None:
    headers = BytesHeaderParser().parsebytes(info)
    name, version = str(headers["Name"] or ""), str(headers["Version"] or "")
    try:
        return ReleaseIdentity(canonicalize_name(name, validate=True), Version(version[:200]))
    except (InvalidVersion, ValueError):
        return None
