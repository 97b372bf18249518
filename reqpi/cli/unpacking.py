"""A repository's archive, unpacked into a folder: bounded, and nothing of it outside."""

from __future__ import annotations

import shutil
import tarfile
from collections.abc import Iterator
from pathlib import Path
from tempfile import mkdtemp

from reqpi.cli.outputs import writing
from reqpi.client import BadUsage

__all__ = ["unpack"]

_MOST_MEMBERS = 500_000
_LARGEST = 8 << 30
"""Bytes of all files; what a server takes of git is less."""


def unpack(archive: Path, to: Path) -> list[str]:
    """Make ``to`` the folder that is in ``archive``, in place of what is there, in one step.

    :param archive: a ``.tar.gz`` with one folder at its top.
    :returns: the paths of what was left out, as it would lead outside: symbolic links to elsewhere.
    :raises reqpi.client.BadUsage: it cannot be unpacked, or written.
    """
    with writing(to):
        work = Path(mkdtemp(dir=to.parent, prefix=f".{to.name}."))
        try:
            left_out = _unpack(archive, work / "new")
            (top,) = (work / "new").iterdir()
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


def _unpack(archive: Path, to: Path) -> list[str]:
    left_out = []
    with tarfile.open(archive, "r:gz") as opened:
        for member in _bounded(opened):
            try:
                opened.extract(member, to, filter="data")
            except tarfile.FilterError:
                left_out.append(member.name.partition("/")[2] or member.name)
    return left_out


def _bounded(opened: tarfile.TarFile) -> Iterator[tarfile.TarInfo]:
    size = 0
    for count, member in enumerate(opened, 1):
        size += member.size
        if count > _MOST_MEMBERS or size > _LARGEST:
            raise ValueError(f"it has more than {_MOST_MEMBERS} files, or {_LARGEST} bytes")
        yield member
