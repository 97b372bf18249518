"""Whether an sdist needs Rust, and the Cargo.lock inside it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from io import BytesIO
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile

from attrs import frozen
from packaging.utils import canonicalize_name

from reqpi.core.metadata import tar_members
from reqpi.core.metadata.sdist import LARGEST_FILE, BrokenSdist
from reqpi.core.metadata.zip_ranges import MAX_ENTRIES, UNREADABLE, GuardedFile

__all__ = ["RUST_BACKENDS", "SdistCargoLock", "cargo_lock_in", "needs_rust"]

RUST_BACKENDS = frozenset(["maturin", "setuptools-rust"])
"""The build requirements that compile Rust."""

_NAME = re.compile(r"[ \t]*+([A-Za-z0-9][A-Za-z0-9._-]*+)")
_FILE = "Cargo.lock"


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
    """

    path: str
    data: bytes


def cargo_lock_in(data: bytes, filename: str, subdirectory: str | None = None) -> SdistCargoLock | None:
    """Return the Cargo.lock nearest to the top of an sdist; ``None`` if it has none.

    :param data: the whole archive.
    :param filename: for messages.
    :param subdirectory: the project's path inside the archive; ``None`` for its top folder.
    :raises BrokenSdist: the archive or the Cargo.lock cannot be read.
    """
    try:
        return (_in_zip if data.startswith(b"PK") else _in_tar)(data, subdirectory)
    except (*tar_members.UNREADABLE, *UNREADABLE) as error:
        raise BrokenSdist(f"{filename} cannot be read", f"It is a broken archive ({error}).") from error


def _rank(path: str) -> tuple[int, str]:
    return path.count("/"), path


def _below(path: str, subdirectory: str | None) -> bool:
    top, _, rest = path.removeprefix("./").partition("/")
    return bool(top) and (not subdirectory or rest.startswith(f"{subdirectory.strip('/')}/"))


def _in_tar(data: bytes, subdirectory: str | None) -> SdistCargoLock | None:
    best: SdistCargoLock | None = None
    for member, archive in tar_members.members(data):
        path = member.name.removeprefix("./")
        wanted = member.isfile() and path.rpartition("/")[2] == _FILE and _below(path, subdirectory)
        if not wanted or (best and _rank(path) >= _rank(best.path)):
            continue
        if not 0 <= member.size <= LARGEST_FILE:
            raise ValueError(f"{path} is larger than {LARGEST_FILE} bytes")
        opened = archive.extractfile(member)
        best = SdistCargoLock(path, opened.read() if opened else b"")
    return best


def _in_zip(data: bytes, subdirectory: str | None) -> SdistCargoLock | None:
    with ZipFile(GuardedFile(BytesIO(data))) as archive:
        if len(archive.filelist) > MAX_ENTRIES:
            raise BadZipFile(f"more than {MAX_ENTRIES} files")
        found = [
            entry
            for entry in archive.filelist
            if entry.filename.rpartition("/")[2] == _FILE and _below(entry.filename, subdirectory)
        ]
        if not found:
            return None
        entry = min(found, key=lambda each: _rank(each.filename))
        if max(entry.file_size, entry.compress_size) > LARGEST_FILE:
            raise BadZipFile(f"{entry.filename} is larger than {LARGEST_FILE} bytes")
        if entry.compress_type not in {ZIP_STORED, ZIP_DEFLATED} or entry.flag_bits & 1:
            raise BadZipFile(f"{entry.filename} is compressed in a way that no installer reads")
        with archive.open(entry) as opened:
            return SdistCargoLock(entry.filename, opened.read(LARGEST_FILE))
