"""The record in a folder of fetched files: which file is which source of a lock, and for what they were fetched.

``reqpi fetch`` writes ``.reqpi.json`` if a lock has sources; ``reqpi fetch --source`` writes ``.build-config.json``.
Both have ``sources``: the files of everything that a lock names by a URL or a commit, by its
:attr:`~reqpi.core.model.Archive.place`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from attrs import field, frozen

from reqpi.core.errors import ReqPIError

__all__ = [
    "CONFIG",
    "LARGEST",
    "RECORD",
    "Fetched",
    "FolderFile",
    "RecordedPackage",
    "UnreadableRecord",
    "read",
    "record",
]

RECORD = ".reqpi.json"
CONFIG = ".build-config.json"

LARGEST = 64 << 20
"""Bytes of the largest record that is read."""

_FORMAT = 1
_HEX = frozenset("0123456789abcdef")


class UnreadableRecord(ReqPIError):
    """The record in a folder cannot be read."""


@frozen
class FolderFile:
    """A file in the folder.

    :param filename: its name inside the folder of files.
    :param sha256: in hex.
    """

    filename: str
    sha256: str


@frozen
class RecordedPackage:
    """A package of a source for which files were fetched. All paths are relative, with ``/`` and without ``..``.

    :param path: its path in the source.
    :param files: its requirements files, including those for building, each once, relative to the source.
    """

    path: str
    files: tuple[str, ...]


@frozen
class Fetched:
    """The content of a record.

    :param deps: the path of the files below the folder; empty if they are in the folder itself.
    :param sources: the files of sources, by their places in a lock.
    :param left_out: the places of sources that were not wanted, because they are for another platform.
    :param packages: the packages for which files were fetched.
    """

    deps: str = ""
    sources: Mapping[str, FolderFile] = field(factory=dict)
    left_out: frozenset[str] = frozenset()
    packages: tuple[RecordedPackage, ...] = ()


def record(sources: Mapping[str, FolderFile], left_out: Iterable[str], before: Fetched) -> bytes:
    """Return a ``.reqpi.json``. Equal inputs give equal bytes.

    :param sources: the files of sources, by their places.
    :param left_out: the places of sources that were not wanted.
    :param before: the previous record: a folder may be filled for several locks.
    """
    known = {**before.sources, **sources}
    document = {
        "format": _FORMAT,
        "sources": {place: {"file": known[place].filename, "sha256": known[place].sha256} for place in sorted(known)},
        "left_out": sorted((before.left_out | {*left_out}) - known.keys()),
    }
    return json.dumps(document, indent=2).encode() + b"\n"


def read(document: bytes, name: str) -> Fetched:
    """Parse a :data:`RECORD` or :data:`CONFIG`.

    :param name: the name of the file, for messages.
    :raises UnreadableRecord: the document is invalid, or names a path outside the folder.
    """
    try:
        parsed: Any = json.loads(document) if len(document) <= LARGEST else None
        if parsed["format"] != _FORMAT:
            raise UnreadableRecord(f"{name} has the unknown format {str(parsed['format'])[:20]}", "Fetch again.")
        return Fetched(
            _path(parsed.get("deps", "")),
            {_text(place): _file(entry) for place, entry in parsed.get("sources", {}).items()},
            frozenset(_text(place) for place in parsed.get("left_out", ())),
            tuple(_package(entry) for entry in parsed.get("packages", ())),
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise UnreadableRecord(f"{name} cannot be read: {error}"[:200], "Remove it, and fetch again.") from error


def _file(entry: Mapping[str, Any]) -> FolderFile:
    filename, sha256 = _path(entry["file"]), _text(entry["sha256"])
    if "/" in filename or not filename or len(sha256) != 64 or not _HEX.issuperset(sha256):
        raise ValueError(f"{filename!r} is not a filename with a sha256")
    return FolderFile(filename, sha256)


def _package(entry: Mapping[str, Any]) -> RecordedPackage:
    path = _path(entry["path"])
    named = [*entry.get("requirements_files", ()), *entry.get("requirements_build_files", ())]
    return RecordedPackage(path, tuple(dict.fromkeys("/".join(filter(None, (path, _path(each)))) for each in named)))


def _path(value: object) -> str:
    """Return a relative path without its ``.`` parts; reject one with ``..``."""
    parts = [part for part in _text(value).split("/") if part != "."]
    if _text(value).startswith("/") or ".." in parts or not _text(value).isprintable():
        raise ValueError(f"{str(value)[:80]!r} leads outside the folder")
    return "/".join(part for part in parts if part)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{str(value)[:80]} is not a text")
    return value
