"""What a folder that was filled says of itself: which file is which source of a lock, and what it was filled for.

``.reqpi.json`` is what ``reqpi fetch`` leaves where a lock has sources, and ``.build-config.json`` what
``reqpi fetch --source`` leaves. Both have ``sources``: what a lock names by a URL or a commit, by its
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
    "KeptFile",
    "RecordedPackage",
    "UnreadableRecord",
    "read",
    "record",
]

RECORD = ".reqpi.json"
CONFIG = ".build-config.json"

LARGEST = 64 << 20
"""Bytes of either."""

_FORMAT = 1
_HEX = frozenset("0123456789abcdef")


class UnreadableRecord(ReqPIError):
    """What a folder says of itself cannot be read."""


@frozen
class KeptFile:
    """A file that is there.

    :param filename: inside the folder of files.
    :param sha256: in hex.
    """

    filename: str
    sha256: str


@frozen
class RecordedPackage:
    """A package of a source that was fetched for; all paths are relative, with ``/``, and lead nowhere above.

    :param files: its requirements files, those for building included, each once, relative to the source.
    """

    path: str
    files: tuple[str, ...]


@frozen
class Fetched:
    """What is there.

    :param deps: where files are, below the folder; empty where they are in it.
    :param sources: by their places in a lock.
    :param left_out: the places of those that were not wanted: for another platform.
    """

    deps: str = ""
    sources: Mapping[str, KeptFile] = field(factory=dict)
    left_out: frozenset[str] = frozenset()
    packages: tuple[RecordedPackage, ...] = ()


def record(sources: Mapping[str, KeptFile], left_out: Iterable[str], before: Fetched) -> bytes:
    """A ``.reqpi.json``. The same give the same bytes.

    :param sources: by their places.
    :param left_out: the places of sources that were not wanted.
    :param before: what it said so far: a folder may be filled for several locks.
    """
    known = {**before.sources, **sources}
    document = {
        "format": _FORMAT,
        "sources": {place: {"file": known[place].filename, "sha256": known[place].sha256} for place in sorted(known)},
        "left_out": sorted((before.left_out | {*left_out}) - known.keys()),
    }
    return json.dumps(document, indent=2).encode() + b"\n"


def read(document: bytes, name: str) -> Fetched:
    """What :data:`RECORD` or :data:`CONFIG` says.

    :param name: of the file, for messages.
    :raises UnreadableRecord: it says nothing, or names what is outside the folder.
    """
    try:
        said: Any = json.loads(document) if len(document) <= LARGEST else None
        if said["format"] != _FORMAT:
            raise UnreadableRecord(f"{name} is of format {str(said['format'])[:20]}, unknown here", "Fetch again.")
        return Fetched(
            _path(said.get("deps", "")),
            {_text(place): _kept(entry) for place, entry in said.get("sources", {}).items()},
            frozenset(_text(place) for place in said.get("left_out", ())),
            tuple(_package(entry) for entry in said.get("packages", ())),
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise UnreadableRecord(f"{name} cannot be read: {error}"[:200], "Remove it, and fetch again.") from error


def _kept(entry: Mapping[str, Any]) -> KeptFile:
    filename, sha256 = _path(entry["file"]), _text(entry["sha256"])
    if "/" in filename or not filename or len(sha256) != 64 or not _HEX.issuperset(sha256):
        raise ValueError(f"{filename!r} is no file with a sha256")
    return KeptFile(filename, sha256)


def _package(entry: Mapping[str, Any]) -> RecordedPackage:
    path = _path(entry["path"])
    named = [*entry.get("requirements_files", ()), *entry.get("requirements_build_files", ())]
    return RecordedPackage(path, tuple(dict.fromkeys("/".join(filter(None, (path, _path(each)))) for each in named)))


def _path(value: object) -> str:
    """A path that leads nowhere above, without its ``.``."""
    parts = [part for part in _text(value).split("/") if part != "."]
    if _text(value).startswith("/") or ".." in parts or not _text(value).isprintable():
        raise ValueError(f"{str(value)[:80]!r} leads outside")
    return "/".join(part for part in parts if part)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{str(value)[:80]} is no text")
    return value
