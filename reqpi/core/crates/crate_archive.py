"""The ``.crate`` file of a crate: strict rules for its members, and the file that cargo wants next to them.

A ``.crate`` is a gzip-compressed tar with one top folder, ``<name>-<version>``, and regular files alone: ``cargo
package`` writes nothing else. Any other member is refused.
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
        for member, archive in tar_members.members(data):
            yield from _file(member, archive, top)
    except tar_members.UNREADABLE as error:
        raise BrokenCrate(f"{crate.filename} cannot be unpacked", f"{error}.") from error


def _file(member: tarfile.TarInfo, archive: tarfile.TarFile, top: str) -> Iterator[CrateFile]:
    folder, _, path = member.name.partition("/")
    if folder != top or any(part in ("", ".", "..") for part in path.split("/")) or "\\" in path:
        raise ValueError(f"{member.name[:80]!r} is not below {top}/")
    if not member.isreg():
        raise ValueError(f"{member.name[:80]!r} is not a regular file")
    opened = archive.extractfile(member)
    assert opened
    yield CrateFile(path, opened.read(), bool(member.mode & 0o100))


def cargo_checksum_json(sha256: str) -> bytes:
    """Return the ``.cargo-checksum.json`` of a vendored crate.

    It lists no files, so cargo compares only the digest of the package with the Cargo.lock.
    """
    return json.dumps({"files": {}, "package": sha256}, separators=(",", ":")).encode()
