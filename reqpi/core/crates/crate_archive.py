"""The ``.crate`` file of a crate: strict rules for its members, and the file that cargo wants next to them.

A ``.crate`` is a gzip-compressed tar with one top folder, ``<name>-<version>``, and regular files alone: ``cargo
package`` writes nothing else. Old crates also have folders. Any other member is refused.
"""

from __future__ import annotations

import json
import tarfile
from collections.abc import Iterator

from attrs import frozen

from reqpi.core.crates.model import Crate
from reqpi.core.errors import UpstreamTrouble
from reqpi.core.metadata import tar_members

__all__ = ["CHECKSUM_FILE", "BrokenCrate", "CrateFile", "cargo_checksum_json", "crate_files"]

CHECKSUM_FILE = ".cargo-checksum.json"

_LARGEST_FILE = 64 << 20
"""Bytes of one file of a crate. Some bundle a C library as a single file of 10 MiB, or import libraries."""


class BrokenCrate(UpstreamTrouble):
    """A ``.crate`` that breaks the rules. Another attempt will not help."""

    final = True
    of_a_pin = True


@frozen
class CrateFile:
    """A file in a crate.

    :param path: below the crate's top folder, with ``/``: ``src/lib.rs``.
    :param executable: its owner may execute it.
    """

    path: str
    data: bytes
    executable: bool = False


def crate_files(data: bytes, crate: Crate) -> Iterator[CrateFile]:
    """Yield the files of a crate.

    :param data: the ``.crate`` file, whose digest was verified.
    :raises BrokenCrate: it breaks a rule.
    """
    top = f"{crate.name}-{crate.version}"
    try:
        for member, archive in tar_members.members(data, _LARGEST_FILE):
            yield from _file(member, archive, top)
    except tar_members.UNREADABLE as error:
        raise BrokenCrate(f"{crate.filename} cannot be unpacked", f"{error}.") from error


def _file(member: tarfile.TarInfo, archive: tarfile.TarFile, top: str) -> Iterator[CrateFile]:
    folder, _, path = member.name.partition("/")
    if member.isdir() and (not path or _is_below_the_top(path)) and folder == top:
        return
    if folder != top or not _is_below_the_top(path):
        raise ValueError(f"{member.name[:80]!r} is not below {top}/")
    if not member.isreg():
        raise ValueError(f"{member.name[:80]!r} is not a regular file")
    if not 0 <= member.size <= _LARGEST_FILE:
        raise ValueError(f"{member.name[:80]!r} is larger than {_LARGEST_FILE} bytes")
    opened = archive.extractfile(member)
    assert opened
    yield CrateFile(path, opened.read(), bool(member.mode & 0o100))


def _is_below_the_top(path: str) -> bool:
    return not any(part in ("", ".", "..") for part in path.split("/")) and "\\" not in path and "\0" not in path


def cargo_checksum_json(sha256: str) -> bytes:
    """Return the ``.cargo-checksum.json`` of a vendored crate.

    It lists no files, so cargo compares only the digest of the package with the Cargo.lock.
    """
    return json.dumps({"files": {}, "package": sha256}, separators=(",", ":")).encode()
