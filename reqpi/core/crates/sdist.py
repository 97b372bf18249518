"""Whether an sdist needs Rust, and the Cargo.lock inside it."""

from __future__ import annotations

import re
import tarfile
from collections.abc import Iterable
from io import BytesIO
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from attrs import define, field, frozen
from packaging.utils import canonicalize_name

from reqpi.core.metadata import tar_members
from reqpi.core.metadata.sdist import LARGEST_FILE, BrokenSdist
from reqpi.core.metadata.zip_ranges import MAX_ENTRIES, UNREADABLE, GuardedFile

__all__ = [
    "RUST_BACKENDS",
    "SdistCargoLock",
    "cargo_lock_in",
    "entry_content",
    "member_content",
    "needs_rust",
    "parts_of",
    "rank_of",
]

RUST_BACKENDS = frozenset(["maturin", "setuptools-rust"])
"""The build requirements that compile Rust."""

_NAME = re.compile(r"\s*+([A-Za-z0-9](?:[A-Za-z0-9._-]*+(?<=[A-Za-z0-9]))?)")
_LOCK, _MANIFEST = "Cargo.lock", "Cargo.toml"

_MANIFESTS = 8 << 20
"""Bytes of manifests that are kept until the Cargo.lock is seen: an sdist may bundle crates, each with its own."""


def needs_rust(requires: Iterable[str]) -> bool:
    """Return whether any of these build requirements compiles Rust.

    :param requires: requirements (:pep:`508`): those of ``build-system.requires`` and of ``setup_requires``.
    """
    names = (found[1] for text in requires if (found := _NAME.match(text)))
    return not RUST_BACKENDS.isdisjoint(map(canonicalize_name, names))


@frozen
class SdistCargoLock:
    """The Cargo.lock of an sdist.

    :param path: its path in the archive: ``orjson-3.11.4/Cargo.lock``.
    :param data: its bytes.
    :param manifest: the Cargo.toml next to it; ``None`` if there is none of at most 1 MiB.
    """

    path: str
    data: bytes = field(repr=False)
    manifest: bytes | None = field(default=None, repr=False)

    @property
    def folder(self) -> str:
        """The name of the folder that it is in."""
        return self.path.rpartition("/")[0].rpartition("/")[2]


def cargo_lock_in(data: bytes, filename: str, subdirectory: str | None = None) -> SdistCargoLock | None:
    """Return the Cargo.lock of an sdist; ``None`` if it has none.

    It is the one nearest to the top of the project, and the first one by name of several. If the project is below the
    top folder and has none itself, it is that of the nearest folder above: such a project is a member of a workspace.

    :param data: the whole archive.
    :param filename: for messages.
    :param subdirectory: the project's path inside the archive; ``None`` for its top folder.
    :raises BrokenSdist: the archive or the Cargo.lock cannot be read.
    """
    search = _Search(parts_of(subdirectory))
    try:
        (_look_into_zip if data.startswith(b"PK") else _look_into_tar)(data, search)
        return search.found()
    except (*tar_members.UNREADABLE, *UNREADABLE) as error:
        raise BrokenSdist(f"{filename} cannot be read", f"It is a broken archive ({error}).") from error


@define
class _Search:
    """The best Cargo.lock so far.

    :param project: the parts of the project's path below the top folder.
    """

    project: tuple[str, ...]
    _path: str = ""
    _data: bytes | None = None
    _manifests: dict[str, bytes] = field(factory=dict)
    _left: int = _MANIFESTS

    def wants(self, path: str) -> bool:
        """Return whether a file may be the result, or the manifest of the result."""
        name = path.rpartition("/")[2]
        if name == _MANIFEST:
            return self.rank(path) is not None
        rank = self.rank(path) if name == _LOCK else None
        best = self.rank(self._path) if self._path else None
        return rank is not None and (best is None or rank < best)

    def add(self, path: str, data: bytes | None) -> None:
        """Add a file that is wanted; ``None`` for one that is too large."""
        if path.endswith(_LOCK):
            self._path, self._data = path, data
        elif data is not None and len(data) <= self._left:
            self._left -= len(data)
            self._manifests[path.rpartition("/")[0]] = data

    def found(self) -> SdistCargoLock | None:
        """Return the result.

        :raises ValueError: it is too large.
        """
        if not self._path:
            return None
        if self._data is None:
            raise ValueError(f"{self._path[:200]} is larger than {LARGEST_FILE} bytes")
        return SdistCargoLock(self._path, self._data, self._manifests.get(self._path.rpartition("/")[0]))

    def rank(self, path: str) -> tuple[int, int, str] | None:
        """Return the rank of a file, as :func:`rank_of` does."""
        return rank_of(path, self.project)


def parts_of(subdirectory: str | None) -> tuple[str, ...]:
    """Return the parts of a project's path below the top folder of its archive."""
    return tuple(part for part in (subdirectory or "").split("/") if part not in ("", "."))


def rank_of(path: str, project: tuple[str, ...]) -> tuple[int, int, str] | None:
    """Return the rank of a file of a project, the lowest being the best; ``None`` if it does not count.

    :param path: in the archive.
    :param project: the parts of the project's path below the top folder.
    """
    parts = tuple(path.split("/"))
    folder = parts[1:-1]
    if len(parts) < 2 or not parts[0] or ".." in parts or not path.isprintable():
        return None
    if folder[: len(project)] == project:
        return 0, len(folder), path
    return (1, -len(folder), path) if project[: len(folder)] == folder else None


def _look_into_tar(data: bytes, search: _Search) -> None:
    for member, archive in tar_members.members(data):
        path = member.name.removeprefix("./")
        if member.isfile() and search.wants(path):
            search.add(path, member_content(member, archive))


def member_content(member: tarfile.TarInfo, archive: tarfile.TarFile) -> bytes | None:
    """Return the bytes of a file in a tar archive; ``None`` if it is too large."""
    if not 0 <= member.size <= LARGEST_FILE:
        return None
    opened = archive.extractfile(member)
    return opened.read() if opened else None


def _look_into_zip(data: bytes, search: _Search) -> None:
    with ZipFile(GuardedFile(BytesIO(data))) as archive:
        if len(archive.filelist) > MAX_ENTRIES:
            raise BadZipFile(f"more than {MAX_ENTRIES} files")
        entries = {entry.filename: entry for entry in archive.filelist}
        locks = (name for name in entries if name.rpartition("/")[2] == _LOCK and search.rank(name))
        best = min(locks, key=lambda name: search.rank(name) or (), default="")
        for name in (best, best.removesuffix(_LOCK) + _MANIFEST) if best else ():
            if name in entries:
                search.add(name, entry_content(entries[name], archive))


def entry_content(entry: ZipInfo, archive: ZipFile) -> bytes | None:
    """Return the bytes of a file in a zip archive; ``None`` if it is too large.

    :raises zipfile.BadZipFile: it is compressed in a way that no installer reads.
    """
    if max(entry.file_size, entry.compress_size) > LARGEST_FILE:
        return None
    if entry.compress_type not in {ZIP_STORED, ZIP_DEFLATED} or entry.flag_bits & 1:
        raise BadZipFile(f"{entry.filename[:200]} is compressed in a way that no installer reads")
    with archive.open(entry) as opened:
        return opened.read(LARGEST_FILE)
