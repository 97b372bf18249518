"""An archive from a server: verified member by member, and written again as the lock determines it.

Nothing of the server's own remains: neither its ``requirements.txt`` and ``SHA256SUMS``, nor its headers. Only the
bytes of the files do, and their digests are those of the lock.
"""

from __future__ import annotations

import hashlib
import shutil
import tarfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import BinaryIO

from attrs import field, frozen

from reqpi.cli.folders.output_folder import writing
from reqpi.cli.inputs.checked_listing import CheckedListing
from reqpi.client.bounds import most_bytes
from reqpi.client.errors import WrongBytes, WrongListing
from reqpi.client.own_files import create_own
from reqpi.core import export
from reqpi.core.export.wheelhouse import FOLDER, SUMS_AND_REQUIREMENTS, Wheelhouse
from reqpi.core.model import File

__all__ = ["ReceivedArchive", "largest", "received"]

_PIECE = 1 << 20

_LARGEST_HEADER = 1 << 20
"""Bytes of one read of :mod:`tarfile`, which reads each extended header at once."""

_OVERHEAD = 64 << 10
"""Bytes of the end of an archive, and of its own members, in addition to those per file."""

_PER_FILE = 4 << 10
"""Bytes for a file's headers, its padding, and its lines in the two lists of the archive."""


@frozen
class ReceivedArchive:
    """An archive whose members are verified.

    :param place: its path.
    :param files: the files that it must have, and has.
    :param members: the position and the size of each file, by filename.
    """

    place: Path
    files: Sequence[File]
    members: Mapping[str, tuple[int, int]] = field(repr=False)

    def write(self, requirements: bytes, to: Path) -> None:
        """Write the archive that the lock determines, in one step.

        :param requirements: the requirements.txt in it.
        :raises reqpi.client.BadUsage: ``to`` cannot be written.
        """
        wanted = export.wheelhouse([(file, self.members[file.filename][1]) for file in self.files], requirements)
        part = to.with_name(f".{to.name}.new")
        with writing(to):
            try:
                with open(create_own(part), "wb") as out, self.place.open("rb") as content:
                    for piece in self._pieces(wanted, content):
                        out.write(piece)
                part.replace(to)
            finally:
                part.unlink(missing_ok=True)

    def unpack(self, requirements: bytes, folder: Path) -> None:
        """Put the files and the requirements.txt into a folder.

        :raises reqpi.client.BadUsage: the folder cannot be written.
        """
        with writing(folder), self.place.open("rb") as content:
            for file in self.files:
                with (folder / file.filename).open("wb") as out:
                    shutil.copyfileobj(_Member(content, *self.members[file.filename]), out, _PIECE)
            (folder / "requirements.txt").write_bytes(requirements)

    def _pieces(self, wanted: Wheelhouse, content: BinaryIO) -> Iterator[bytes]:
        for stretch in wanted.stretches(0, wanted.size):
            if stretch.file is None:
                yield stretch.data
            else:
                member = _Member(content, *self.members[stretch.file.filename])
                while piece := member.read(_PIECE):
                    yield piece


def received(place: Path, listing: CheckedListing, files: Sequence[File]) -> ReceivedArchive:
    """Verify an archive.

    :param files: those that it must have.
    :raises WrongListing: it has another member, or lacks a file.
    :raises WrongBytes: a file has other bytes, or it is not an archive.
    """
    wanted = {file.filename: file for file in files}
    members: dict[str, tuple[int, int]] = {}
    try:
        # Not "r", which would decompress whatever a server compresses.
        with place.open("rb") as stream, tarfile.open(fileobj=_Guarded(stream), mode="r:") as archive:  # type: ignore[call-overload]
            for member in archive:
                name = _name_of(member)
                if name in members or not (name in wanted or name in SUMS_AND_REQUIREMENTS):
                    what = "is twice in it" if name in members else "must not be in it"
                    raise WrongListing("the archive", [f"{name} {what}"])
                members[name] = member.offset_data, member.size
                if name in wanted:
                    _verify(listing, wanted[name], _Member(stream, *members[name]))
    except (tarfile.TarError, EOFError, ValueError, OverflowError, RecursionError) as error:
        raise WrongBytes("the server did not send a tar archive", f"{error}. It was discarded."[:200]) from error
    _refuse_lacking(members, wanted)
    return ReceivedArchive(place, files, members)


def largest(files: Iterable[File]) -> int:
    """Return the number of bytes that an archive of these files may have."""
    return _OVERHEAD + sum(most_bytes(file.size) + _PER_FILE for file in files)


def _name_of(member: tarfile.TarInfo) -> str:
    """Return the name of a member below the folder of the archive.

    :raises WrongListing: it is not a regular file directly in that folder.
    """
    folder, _, name = member.name.partition("/")
    if member.type != tarfile.REGTYPE or member.size < 0 or member.sparse is not None:
        raise WrongListing("the archive", [f"{member.name} is not a regular file"])
    if folder != FOLDER or not name or "/" in name or name in (".", ".."):
        raise WrongListing("the archive", [f"{member.name} is not the name of a file in {FOLDER}/"])
    return name


def _verify(listing: CheckedListing, file: File, content: _Member) -> None:
    computed = hashlib.sha256()
    while piece := content.read(_PIECE):
        computed.update(piece)
    if computed.hexdigest() != file.sha256 or not listing.is_right(file, content):
        raise WrongBytes(f"wrong bytes for {file.filename} in the archive", "The archive was discarded.")


def _refuse_lacking(members: Mapping[str, tuple[int, int]], wanted: Mapping[str, File]) -> None:
    if not members:
        raise WrongListing("the archive", ["it is empty"])
    lacking = sorted(wanted.keys() - members.keys())
    if lacking:
        raise WrongListing("the archive", [f"it lacks {name}" for name in lacking])


class _Guarded:
    """A file that refuses long reads, because :mod:`tarfile` reads a header of any size into memory."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.seek = stream.seek
        self.tell = stream.tell

    def read(self, size: int = -1) -> bytes:
        """Read.

        :raises tarfile.ReadError: too many bytes are wanted at once.
        """
        if not 0 <= size <= _LARGEST_HEADER:
            raise tarfile.ReadError(f"a header of more than {_LARGEST_HEADER} bytes")
        return self._stream.read(size)


class _Member:
    """The content of a member, between two positions of a file."""

    def __init__(self, stream: BinaryIO, start: int, size: int) -> None:
        self._stream = stream
        self._start = start
        self._size = size
        self._position = 0

    def seek(self, offset: int, _whence: int = 0, /) -> int:
        """Continue at an offset from the beginning."""
        self._position = offset
        return offset

    def tell(self) -> int:
        """Return the offset from the beginning."""
        return self._position

    def read(self, size: int = -1, /) -> bytes:
        """Read at most ``size`` bytes.

        :raises tarfile.ReadError: the file ends before the member does.
        """
        left = self._size - self._position
        wanted = left if size < 0 else min(size, left)
        self._stream.seek(self._start + self._position)
        data = self._stream.read(wanted)
        if len(data) < wanted:
            raise tarfile.ReadError("it ends too early")
        self._position += len(data)
        return data
