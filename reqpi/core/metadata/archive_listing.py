"""The members of a wheel or an sdist, listed for people, with bounded time and memory.

An archive is hostile input. Nothing is unpacked to a disk, and names are text: no path in them is followed.
"""

from __future__ import annotations

import io
from collections.abc import Iterable
from itertools import islice
from zipfile import ZipFile

from attrs import frozen

from reqpi.core.errors import UpstreamTrouble
from reqpi.core.metadata import tar_members, zip_ranges
from reqpi.core.metadata.zip_ranges import MAX_ENTRIES, GuardedFile, Readable
from reqpi.core.sbom.text import words

__all__ = ["ArchiveListing", "ArchiveMember", "BrokenArchive", "list_sdist", "list_zip"]

_MOST = 1000
"""Members that a listing has. The others of a zip archive are counted; of a tar archive, no more are read."""

_LONGEST = 300
"""Characters of a name that are shown."""


class BrokenArchive(UpstreamTrouble):
    """An archive that cannot be listed. Another attempt will not help."""

    final = True


@frozen
class ArchiveMember:
    """A member of an archive.

    :param name: its path, as people are shown it: one line without control characters, cut if it is long.
    :param size: as the archive states it, in bytes.
    """

    name: str
    size: int


@frozen
class ArchiveListing:
    """The first members of an archive, in its order.

    :param more: how many members follow; ``None``: some do, and they were not counted.
    """

    members: tuple[ArchiveMember, ...]
    more: int | None = 0


def list_zip(file: Readable) -> ArchiveListing:
    """Return the files of a zip archive, from its central directory alone.

    :raises BrokenArchive: it cannot be read.
    :raises reqpi.core.metadata.zip_ranges.MissingRange: ``file`` is sparse and lacks the directory.
    """
    try:
        with ZipFile(GuardedFile(file)) as archive:
            entries = archive.filelist
            if len(entries) > MAX_ENTRIES:
                raise ValueError(f"it has more than {MAX_ENTRIES} files")
            listed = _listed((entry.filename, entry.file_size) for entry in entries[:_MOST])
            return ArchiveListing(listed, len(entries) - len(listed))
    except zip_ranges.UNREADABLE as error:
        raise _broken(error) from error


def list_sdist(data: bytes, filename: str) -> ArchiveListing:
    """Return the files of an sdist.

    :param data: the whole archive.
    :param filename: its suffix determines the archive format.
    :raises BrokenArchive: it cannot be read.
    """
    if filename.endswith(".zip"):
        return list_zip(io.BytesIO(data))
    try:
        found = [(member.name, member.size) for member, _ in islice(tar_members.members(data), _MOST + 1)]
    except tar_members.UNREADABLE as error:
        raise _broken(error) from error
    return ArchiveListing(_listed(found[:_MOST]), None if len(found) > _MOST else 0)


def _listed(members: Iterable[tuple[str, int]]) -> tuple[ArchiveMember, ...]:
    return tuple(ArchiveMember(words(name, _LONGEST), size) for name, size in members)


def _broken(error: Exception) -> BrokenArchive:
    return BrokenArchive("the archive cannot be read", words(str(error), 200))
