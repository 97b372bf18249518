"""Folders that only this user can access, created so that they outlast a loss of power."""

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
    """Create a folder and its missing parents, closed to other users whatever the umask.

    Existing folders stay as they are. A folder that another process removes meanwhile is missing afterwards.
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
    """Return whether the name belongs to something other than a folder now; that may change at any time."""
    try:
        return not S_ISDIR(folder.stat().st_mode)
    except FileNotFoundError:
        return folder.is_symlink()


@define(eq=False, slots=False)
class _Syncs:
    """The syncs of one folder, which run one at a time: how many have begun, and how many of them are done."""

    turn: Lock = field(factory=Lock)
    begun: int = 0
    done: int = 0

    def next(self) -> int:
        """Return the number of the next sync to begin: the first that covers every name present now."""
        return self.begun + 1


_folders: WeakValueDictionary[Path, _Syncs] = WeakValueDictionary()
_finding = Lock()


def sync_folder(folder: Path) -> None:
    """Wait until the names in a folder are on the disk: ``fsync`` of a file does not cover its name.

    Threads that call this while a sync is running share the next one.
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
