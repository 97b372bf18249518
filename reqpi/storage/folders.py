"""Folders for this user alone, made so that they outlast a loss of power."""

from __future__ import annotations

import errno
import os
from pathlib import Path

__all__ = ["make_folders", "sync_folder"]


def make_folders(folder: Path) -> None:
    """Make a folder and what is missing above it, closed to other users whatever the umask.

    A folder that is there already stays as it is.
    """
    missing = []
    while not folder.is_dir():
        missing.append(folder)
        folder = folder.parent
    for each in reversed(missing):
        _make_folder(each)


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(0o700)
    except FileExistsError as error:
        if not folder.is_dir():
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(folder)) from error
    else:
        folder.chmod(0o700)
        sync_folder(folder.parent)


def sync_folder(folder: Path) -> None:
    """Wait until the names in it are on the disk: ``fsync`` of a file alone does not see to its name."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
