"""Folders for this user alone, made so that they outlast a loss of power."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from stat import S_ISDIR
from threading import Lock
from weakref import WeakValueDictionary

from attrs import define, field

__all__ = ["make_folders", "sync_folder"]


def make_folders(folder: Path) -> None:
    """Make a folder and what is missing above it, closed to other users whatever the umask.

    A folder that is there already stays as it is. One that another process removes meanwhile is missing afterwards.
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
        if _is_something_else(folder):
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(folder)) from error
    else:
        folder.chmod(0o700)
        sync_folder(folder.parent)


def _is_something_else(folder: Path) -> bool:
    """Whether what has its name is no folder, seen at one moment: it may come and go."""
    try:
        return not S_ISDIR(folder.stat().st_mode)
    except FileNotFoundError:
        return folder.is_symlink()


@define(eq=False, slots=False)
class _Syncs:
    """The syncs of one folder, one at a time: how many have begun, and how many of them are done."""

    turn: Lock = field(factory=Lock)
    begun: int = 0
    done: int = 0

    def next(self) -> int:
        """The number of the one that sees to every name that is there now: the first that begins from here on."""
        return self.begun + 1


_folders: WeakValueDictionary[Path, _Syncs] = WeakValueDictionary()
_finding = Lock()


def sync_folder(folder: Path) -> None:
    """Wait until the names in it are on the disk: ``fsync`` of a file alone does not see to its name.

    Threads that come while one sync is at work share the next.
    """
    with _finding:
        syncs = _folders.setdefault(folder, _Syncs())
    wanted = syncs.next()
    with syncs.turn:
        if syncs.done < wanted:
            syncs.begun += 1
            _sync(folder)
            syncs.done = syncs.begun


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
