"""A file that is written in one step: another program sees all of it, or the file that was there before."""

from __future__ import annotations

import os
from pathlib import Path
from tempfile import NamedTemporaryFile

from reqpi.client.errors import BadUsage

__all__ = ["PRIVATE", "write"]

PRIVATE = 0o600
"""The permissions of a file that may have a login."""


def write(path: Path, data: bytes, mode: int | None = None, *, follow: bool = True) -> None:
    """Write a file in one step; write directly into a pipe or a device.

    :param mode: the permissions of the file; ``None``: those of the file that it replaces, or 644.
    :param follow: write the target of a symbolic link. If not, the link is replaced: in a folder that may come with a
        source, it may point anywhere.
    :raises BadUsage: it cannot be written.
    """
    place = Path(os.path.realpath(path)) if follow else path
    try:
        if follow and path.exists() and not path.is_file():
            path.write_bytes(data)  # /dev/null must not become a regular file
            return
        _replace(place, data, _mode_of(place) if mode is None else mode)
    except OSError as error:
        raise BadUsage(f"{path} cannot be written: {error.strerror or error}") from error


def _mode_of(place: Path) -> int:
    return place.stat().st_mode & 0o7777 if place.exists() and not place.is_symlink() else 0o644


def _replace(place: Path, data: bytes, mode: int) -> None:
    with NamedTemporaryFile(dir=place.parent, prefix=f".{place.name[:100]}.", delete=False) as temporary:
        try:
            temporary.write(data)
            temporary.flush()
            os.fsync(temporary.fileno())
            os.fchmod(temporary.fileno(), mode)
            os.replace(temporary.name, place)
        except BaseException:
            os.unlink(temporary.name)
            raise
