"""The files of an sdist that determine how it is built, read from as little of the archive as possible.

A wheel has its metadata at its end; an sdist has these files wherever its tool put them. So the beginning of a tar
archive is searched, and more of it only if a file is still missing. For a zip archive, a few ranges are enough.
"""

from __future__ import annotations

import tarfile
from collections.abc import Callable, Mapping
from functools import partial
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile

from reqpi.core.errors import UpstreamTrouble
from reqpi.core.metadata import tar_members
from reqpi.core.metadata.zip_ranges import MAX_ENTRIES, UNREADABLE, GuardedFile, Readable, ZipRangePlan

__all__ = ["FILES", "LARGEST_FILE", "BrokenSdist", "Files", "LazySdist", "look", "look_into_zip", "wanted"]

FILES = ("pyproject.toml", "setup.cfg", "setup.py")

LARGEST_FILE = 1 << 20
"""Bytes of one file. A larger one counts as unreadable."""

Files = Mapping[str, bytes | None]
"""Those of :data:`FILES` that the sdist has, by name; ``None`` for a file that is too large."""

Enough = Callable[[Files], bool]
"""A function that returns whether these files are enough."""


class BrokenSdist(UpstreamTrouble):
    """An archive that no installer could unpack, or that exceeds a bound. Another attempt will not help."""

    final = True


def look(data: bytes, filename: str, subdirectory: str | None, enough: Enough, *, whole: bool) -> Files | None:
    """Return those of :data:`FILES` that a tar archive has.

    :param data: the archive, or its beginning.
    :param filename: for messages.
    :param subdirectory: the project's path inside the archive; ``None`` for its top folder.
    :param enough: ends the search early.
    :param whole: ``data`` is the whole archive.
    :returns: ``None`` if more of the archive is needed.
    :raises BrokenSdist: the whole archive is given and cannot be read.
    """
    found: dict[str, bytes | None] = {}
    try:
        for member, archive in tar_members.members(data):
            name = wanted(member.name, subdirectory)
            if member.isfile() and name and name not in found:
                found[name] = _content(member, archive)
                if enough(found):
                    return found
    except tar_members.UNREADABLE as error:
        if not whole:
            return None
        raise BrokenSdist(f"{filename} cannot be read", f"It is a broken archive ({error}).") from error
    return found if whole else None


def _content(member: tarfile.TarInfo, archive: tarfile.TarFile) -> bytes | None:
    if not 0 <= member.size <= LARGEST_FILE:
        return None
    opened = archive.extractfile(member)
    return None if opened is None else opened.read()


def wanted(path: str, subdirectory: str | None) -> str | None:
    """Return which of :data:`FILES` a member is; ``None`` for any other.

    ``six-1.0/setup.py`` is one of them. A file deeper down belongs to another project.
    """
    top, _, rest = path.removeprefix("./").partition("/")
    if subdirectory:
        folder = f"{subdirectory.strip('/')}/"
        if not rest.startswith(folder):
            return None
        rest = rest.removeprefix(folder)
    return rest if top and rest in FILES else None


class LazySdist(ZipRangePlan[Files]):
    """A plan of the ranges of a zip archive for :data:`FILES`. :meth:`fill` may raise :exc:`BrokenSdist`."""

    def __init__(self, size: int, filename: str, subdirectory: str | None, enough: Enough) -> None:
        super().__init__(size, partial(look_into_zip, filename=filename, subdirectory=subdirectory, enough=enough))


def look_into_zip(file: Readable, filename: str, subdirectory: str | None, enough: Enough) -> Files:
    """Return those of :data:`FILES` that a zip archive has.

    :raises BrokenSdist: it cannot be read.
    """
    found: dict[str, bytes | None] = {}
    try:
        guarded = GuardedFile(file)
        with ZipFile(guarded) as archive:
            if len(archive.filelist) > MAX_ENTRIES:
                raise BadZipFile(f"more than {MAX_ENTRIES} files")
            named = {name: entry for entry in archive.filelist if (name := wanted(entry.filename, subdirectory))}
            for name in FILES:
                entry = named.get(name)
                if entry is None:
                    continue
                small = max(entry.file_size, entry.compress_size) <= LARGEST_FILE
                plain = entry.compress_type in {ZIP_STORED, ZIP_DEFLATED} and not entry.flag_bits & 1
                found[name] = None
                if small and plain:
                    guarded.touch(entry)
                    with archive.open(entry) as opened:
                        found[name] = opened.read(LARGEST_FILE)
                if enough(found):
                    break
    except UNREADABLE as error:
        raise BrokenSdist(f"{filename} cannot be read", f"It is a broken archive ({error}).") from error
    return found
