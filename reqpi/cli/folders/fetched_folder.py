"""A folder that ``reqpi fetch`` has filled: its record, and the verification of its files."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from reqpi.client import BadUsage
from reqpi.client.errors import WrongBytes
from reqpi.core.export.folder_record import CONFIG, LARGEST, RECORD, Fetched, FolderFile, read
from reqpi.core.model import Archive, Pin

__all__ = ["deps_of", "fetched_in", "verify"]

_PIECE = 1 << 20


def fetched_in(folder: Path, names: Sequence[str] = (CONFIG, RECORD)) -> Fetched | None:
    """Read the record of a folder.

    :param names: the names of the files that may hold the record; the first that exists counts.
    :returns: ``None`` if there is no such file.
    :raises BadUsage: the file cannot be read.
    :raises reqpi.core.export.folder_record.UnreadableRecord: the file is not a valid record.
    """
    for name in names:
        try:
            with (folder / name).open("rb") as stream:
                return read(stream.read(LARGEST + 1), str(folder / name))
        except FileNotFoundError:
            continue
        except OSError as error:
            raise BadUsage(f"{folder / name} cannot be read: {error.strerror}") from error
    return None


def deps_of(folder: str, fetched: Fetched | None) -> str:
    """Return the path of the files that were fetched into ``folder``."""
    return f"{folder.rstrip('/')}/{fetched.deps}" if fetched is not None and fetched.deps else folder


def verify(files: Path, pins: Iterable[Pin], recorded: Mapping[str, FolderFile]) -> None:
    """Verify the file of each pin's source against the digests of the lock and of the folder's record.

    :raises WrongBytes: a file is missing, or a digest differs.
    """
    for place, pin in {pin.source.place: pin for pin in pins if pin.source is not None}.items():
        path = files / recorded[place].filename
        source = pin.source
        wanted = {(digest.algorithm, digest.hex) for digest in source.digests} if isinstance(source, Archive) else set()
        wanted.add(("sha256", recorded[place].sha256))
        if _digests(path, {algorithm for algorithm, _ in wanted}) != wanted:
            raise WrongBytes(f"{path} differs from what was fetched from {place}", "Remove it, and fetch again.")


def _digests(path: Path, algorithms: set[str]) -> set[tuple[str, str]]:
    computed = {algorithm: hashlib.new(algorithm) for algorithm in algorithms}
    try:
        with path.open("rb") as stream:
            while piece := stream.read(_PIECE):
                for each in computed.values():
                    each.update(piece)
    except OSError as error:
        raise WrongBytes(f"{path} cannot be read: {error.strerror}", "Fetch again.") from error
    return {(algorithm, each.hexdigest()) for algorithm, each in computed.items()}
