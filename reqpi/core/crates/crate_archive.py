"""The ``.crate`` file of a crate: strict rules for its members, and the file that cargo wants next to them.

A ``.crate`` is a tar, compressed with gzip, that has one top folder, ``<name>-<version>``, with regular files: ``cargo
package`` writes nothing else, and cargo unpacks nothing outside that folder. Links, devices, paths that leave the
folder and files that replace each other are refused.
"""

from __future__ import annotations

import json
import tarfile
from collections.abc import Iterator

from attrs import define, field, frozen

from reqpi.core.crates.model import Crate
from reqpi.core.errors import UpstreamTrouble
from reqpi.core.metadata import tar_members

__all__ = ["CHECKSUM_FILE", "BrokenCrate", "CrateFile", "cargo_checksum_json", "crate_files", "manifest_in"]

CHECKSUM_FILE = ".cargo-checksum.json"
"""The file that a directory source has in the folder of each crate."""

LARGEST_MEMBER = 64 << 20
"""Bytes of one file. Import libraries for Windows have up to 10 MiB."""

_LONGEST = 1000
"""Characters of a path: joined to a folder, a longer one may be too long for the system."""

_OF_CARGO = frozenset([CHECKSUM_FILE, ".cargo-ok"])
"""Files that cargo writes into the folder itself. It does not take them from an archive, so they are left out."""


class BrokenCrate(UpstreamTrouble):
    """A ``.crate`` that breaks a rule. Another attempt will not help."""

    final = True
    of_a_pin = True


@frozen
class CrateFile:
    """A file in a crate.

    :param path: below the crate's top folder, with ``/``: ``src/lib.rs``. No part of it is empty, ``.`` or ``..``.
    :param executable: its owner may execute it.
    """

    path: str
    data: bytes = field(repr=False)
    executable: bool = False


def crate_files(data: bytes, crate: Crate) -> Iterator[CrateFile]:
    """Yield the files of a crate. No two have the same path, and none has another's path as its folder.

    A caller that writes them must remove them again if the iterator raises: a broken member may come last.

    :param data: the ``.crate`` file, whose digest was verified.
    :raises BrokenCrate: it breaks a rule.
    """
    paths = _Paths(f"{crate.name}-{crate.version}")
    try:
        if not data.startswith(b"\x1f\x8b"):
            raise ValueError("it is not compressed with gzip")
        for member, archive in tar_members.members(data, LARGEST_MEMBER):
            path = paths.of(member)
            if path and path not in _OF_CARGO:
                yield CrateFile(path, _content(member, archive), bool(member.mode & 0o100))
    except tar_members.UNREADABLE as error:
        advice = "Report it to the registry, and use another release of the crate."
        raise BrokenCrate(f"{crate.filename} cannot be unpacked", f"{str(error)[:300]}. {advice}") from error


def manifest_in(data: bytes, crate: Crate) -> bytes:
    """Return the Cargo.toml of a crate.

    :param data: the ``.crate`` file, whose digest was verified.
    :raises BrokenCrate: it has none, or breaks a rule before it.
    """
    for file in crate_files(data, crate):
        if file.path == "Cargo.toml":
            return file.data
    raise BrokenCrate(f"{crate.filename} has no Cargo.toml", "cargo cannot build it. Use another release of the crate.")


@define
class _Paths:
    """The paths of the members so far.

    :param top: the name of the one top folder.
    """

    top: str
    files: set[str] = field(factory=set)
    folders: set[str] = field(factory=set)

    def of(self, member: tarfile.TarInfo) -> str:
        """Return the path of a file below the top folder; empty for a folder.

        :raises ValueError: the member breaks a rule.
        """
        name = member.name.rstrip("/") if member.isdir() else member.name
        shown = ascii(name[:80])
        top, *parts = name.split("/")
        if top != self.top or (not parts and not member.isdir()):
            raise ValueError(f"it has {shown}, which is not inside its folder {self.top}")
        if any(part in ("", ".", "..") or not _is_plain(part) for part in parts) or len(name) > _LONGEST:
            raise ValueError(f"it has {shown}, which is not a plain path")
        if not member.isreg() and not member.isdir():
            raise ValueError(f"it has {shown}, which is neither a file nor a folder")
        self._add(parts, is_file=member.isreg(), shown=shown)
        return "/".join(parts) if member.isreg() else ""

    def _add(self, parts: list[str], *, is_file: bool, shown: str) -> None:
        path = "/".join(parts)
        above = ["/".join(parts[:length]) for length in range(1, len(parts) + (not is_file))]
        if not self.files.isdisjoint(above) or (is_file and (path in self.files or path in self.folders)):
            raise ValueError(f"it has {shown} twice, or as a file and a folder")
        self.folders.update(above)
        if is_file:
            self.files.add(path)


def _is_plain(part: str) -> bool:
    """Return whether a part of a path means the same on every system and is safe to print."""
    return part.isprintable() and "\\" not in part


def _content(member: tarfile.TarInfo, archive: tarfile.TarFile) -> bytes:
    if not 0 <= member.size <= LARGEST_MEMBER:
        raise ValueError(f"it has a file of more than {LARGEST_MEMBER >> 20} MiB")
    opened = archive.extractfile(member)
    content = opened.read() if opened else b""
    if len(content) != member.size:
        raise ValueError("it ends early")
    return content


def cargo_checksum_json(sha256: str) -> bytes:
    """Return the :data:`CHECKSUM_FILE` of a crate in a directory source.

    It lists no files: cargo then compares the digest of the package with the Cargo.lock, and nothing else.
    """
    return json.dumps({"files": {}, "package": sha256}, separators=(",", ":")).encode()
