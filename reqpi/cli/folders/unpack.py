"""The unpacking of a repository's archive into a folder: bounded, and with nothing written outside the folder.

This module decides where each member goes and does not use the filters of ``tarfile``. CPython 3.11.0 to 3.11.3 have
no filters, and those of many later versions accept links that point outside through other links, or through paths that
are too long to be resolved.
"""

from __future__ import annotations

import os
import shutil
import tarfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import mkdtemp

from reqpi.cli.folders.output_folder import writing
from reqpi.client import BadUsage

__all__ = ["unpack"]

_MOST_MEMBERS = 500_000
_LARGEST = 8 << 30
"""The maximum size of all files in bytes. A server accepts less from git."""

_LONGEST = 1000
"""The maximum length of a path in the archive in characters.

A longer path, joined to the folder's, may be too long for the system.
"""


def unpack(archive: Path, to: Path) -> list[str]:
    """Replace ``to`` by the folder in ``archive``, in one step.

    :param archive: a ``.tar.gz`` with one folder at its top.
    :returns: the paths that were omitted: symbolic links to places outside, and kinds of files that git does not have.
    :raises reqpi.client.BadUsage: the archive cannot be unpacked, or ``to`` cannot be written.
    """
    with writing(to):
        work = Path(mkdtemp(dir=to.parent, prefix=f".{to.name}."))
        try:
            top, left_out = _unpack(archive, work / "new")
            if to.is_symlink() or to.is_file():
                to.unlink()
            elif to.exists():
                to.rename(work / "old")
            top.rename(to)
        except (tarfile.TarError, EOFError, ValueError) as error:
            raise BadUsage(f"{archive.name} cannot be unpacked: {error}") from error
        finally:
            shutil.rmtree(work, ignore_errors=True)
    return left_out


def _unpack(archive: Path, to: Path) -> tuple[Path, list[str]]:
    """Return the one folder of the archive and the omitted paths.

    Links are created last, so that nothing is written through a link.
    """
    left_out: list[str] = []
    links: dict[Path, str] = {}
    to.mkdir()
    with tarfile.open(archive, "r:gz") as opened:
        for member in _bounded(opened):
            place = _place(member, to)
            if place is None:
                left_out.append(member.name.partition("/")[2] or member.name)
            elif member.issym():
                place.parent.mkdir(parents=True, exist_ok=True)
                links[place] = member.linkname
            elif member.isdir():
                place.mkdir(parents=True, exist_ok=True)
            else:
                _write(opened, member, place)
    top = _only(to)
    left_out += [place.relative_to(top).as_posix() for place in _linked(links, top)]
    return top, sorted(left_out)


def _place(member: tarfile.TarInfo, to: Path) -> Path | None:
    """Return the place of a member; ``None`` if a git repository cannot have such a member."""
    parts = member.name.split("/")
    wrong = {"", ".", ".."}.intersection(parts) or "\0" in member.name or len(member.name) > _LONGEST
    known = member.isreg() or member.isdir() or (member.issym() and 0 < len(member.linkname) <= _LONGEST)
    return to.joinpath(*parts) if known and not wrong else None


def _write(opened: tarfile.TarFile, member: tarfile.TarInfo, place: Path) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    mode = 0o777 if member.mode & 0o100 else 0o666  # git records no other permission
    content = opened.extractfile(member)
    assert content is not None
    with open(os.open(place, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, mode), "wb") as stream:
        shutil.copyfileobj(content, stream, 1 << 20)


def _linked(links: Mapping[Path, str], top: Path) -> list[Path]:
    """Create the links.

    :returns: the links that could not be created, and those that point outside once all exist; neither remains.
    """
    wrong = []
    for place, target in links.items():
        try:
            place.symlink_to(target)
        except (FileExistsError, ValueError):
            wrong.append(place)
    outside = [place for place in links.keys() - {*wrong} if not _is_below(place, top)]
    for place in outside:
        place.unlink()
    return [*wrong, *outside]


def _is_below(place: Path, folder: Path) -> bool:
    real, top = os.path.realpath(place), os.path.realpath(folder)
    return os.path.commonpath([real, top]) == top


def _only(folder: Path) -> Path:
    """Return the only entry of a folder, which must be a folder.

    :raises ValueError: there are other entries, or it is not a folder.
    """
    there = list(folder.iterdir())
    if len(there) != 1 or there[0].is_symlink() or not there[0].is_dir():
        raise ValueError("it must have exactly one folder at its top")
    return there[0]


def _bounded(opened: tarfile.TarFile) -> Iterator[tarfile.TarInfo]:
    size = 0
    for count, member in enumerate(opened, 1):
        size += member.size
        if count > _MOST_MEMBERS or size > _LARGEST:
            raise ValueError(f"it has more than {_MOST_MEMBERS} files, or more than {_LARGEST} bytes")
        yield member
