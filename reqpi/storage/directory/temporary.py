"""A file on its way in: it gets its name in the store when it is whole and on the disk, and not before.

Who writes a temporary holds its lock (``flock``), which ends with the process however that ends. So a temporary that
can be locked belongs to nobody any more, and one that cannot is in use, by whichever of the processes that share the
store.

One that has a name which others know can be read by them while it grows. How long it will be is then said beside it, by
the target of a symbolic link: that is made in one step, and is no temporary that somebody could take for abandoned.
"""

from __future__ import annotations

import errno
import os
import secrets
from collections.abc import Callable
from contextlib import suppress
from fcntl import LOCK_EX, LOCK_NB, LOCK_UN, flock
from pathlib import Path
from threading import Lock

from attrs import define

from reqpi.storage.borrowed import Borrowed
from reqpi.storage.directory.folders import make_folders, sync_folder

__all__ = ["ATTEMPTS", "LENGTH", "Temporary", "remove_abandoned"]

ATTEMPTS = 100
"""Each is lost only to another process that does the contrary in the same instant."""


LENGTH = ".length"
"""Ends the name of the link that says how long a temporary will be."""


@define(eq=False)
class _Open:
    """A temporary that is open.

    :param named: it has its name in the folder still; whatever has that name later is another's.
    """

    path: Path
    descriptor: int
    named: bool = True


class Temporary:
    """A file in the folder of temporaries, opened and locked; removed again when it is closed or forgotten.

    All methods block. Errors are the operating system's.

    :param folder: of temporaries; on the same file system as where the file will be placed.
    :param name: that it is to have there; else one that nobody guesses.
    :raises BlockingIOError: another temporary has that name.
    """

    def __init__(self, folder: Path, name: str = "") -> None:
        opened = _locked_file(folder, name)
        self.path = opened.path
        self.size = 0
        self._writing = Lock()
        self._held = Borrowed(opened, _remove_and_close)
        self.close = self._held.close

    def write(self, data: bytes) -> None:
        """Append."""
        with self._held.borrow() as opened, self._writing, memoryview(data) as rest:
            written = 0
            while written < len(rest):
                written += os.pwrite(opened.descriptor, rest[written:], self.size + written)
            self.size += written

    def expect(self, size: int) -> None:
        """Say how long it will be."""
        with self._held.borrow() as opened:
            beside = _beside(opened.path)
            beside.unlink(missing_ok=True)
            beside.symlink_to(str(size))

    def abandon(self) -> None:
        """Take it out of its folder. What was written can still be read until it is closed."""
        with self._held.borrow() as opened:
            _unname(opened)

    def read(self, start: int, stop: int) -> bytes:
        """The bytes from ``start`` up to ``stop``, all of which were written."""
        with self._held.borrow() as opened:
            pieces = []
            while start < stop and (piece := os.pread(opened.descriptor, stop - start, start)):
                pieces.append(piece)
                start += len(piece)
            return b"".join(pieces)

    def finish(self, used_ns: int) -> None:
        """Have all of it on the disk, ready to be placed.

        :param used_ns: since the epoch, the modification time it gets.
        """
        with self._held.borrow() as opened:
            os.utime(opened.descriptor, ns=(used_ns, used_ns))
            os.fsync(opened.descriptor)

    def place(self, target: Path) -> bool:
        """Give it its name unless another file has it; atomic among all processes.

        :returns: whether it has the name.
        """
        try:
            self._place(os.link, target)
        except FileExistsError:
            return False
        return True

    def place_over(self, target: Path) -> bool:
        """Give it its name, in the place of what has it now.

        :returns: that it has the name.
        """
        self._place(os.replace, target)
        return True

    def _place(self, name: Callable[[Path, Path], None], target: Path) -> None:
        for _ in range(ATTEMPTS):
            with suppress(FileNotFoundError):
                name(self.path, target)
                self.settle()
                with suppress(FileNotFoundError):
                    sync_folder(target.parent)
                return
            # Whoever deletes the last record of a folder removes the folder too.
            with suppress(FileNotFoundError):
                make_folders(target.parent)
        raise FileNotFoundError(errno.ENOENT, "its folder, or the temporary, is removed again and again", str(target))

    def settle(self) -> None:
        """It is no temporary any more: take its name from it, and have nobody wait for it. Repeating does nothing.

        What stands in the store may be this very file, and whoever locks that must not wait either.
        """
        with self._held.borrow() as opened:
            _unname(opened)
            flock(opened.descriptor, LOCK_UN)


def _locked_file(folder: Path, name: str) -> _Open:
    while True:
        path = folder / (name or secrets.token_hex(16))
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            if not _remove_if_abandoned(path):
                raise BlockingIOError(errno.EWOULDBLOCK, os.strerror(errno.EWOULDBLOCK), str(path)) from None
            continue
        try:
            os.fchmod(descriptor, 0o600)
            flock(descriptor, LOCK_EX | LOCK_NB)
            # Between its creation and its lock it looked abandoned, and may have been removed as such.
            if os.fstat(descriptor).st_nlink:
                return _Open(path, descriptor)
        except BlockingIOError:
            pass
        except BaseException:
            _remove_and_close(_Open(path, descriptor))
            raise
        if name:
            os.close(descriptor)  # it is removed under its lock, since its name may be another's by now
        else:
            _remove_and_close(_Open(path, descriptor))


def _unname(opened: _Open) -> None:
    if opened.named:
        _beside(opened.path).unlink(missing_ok=True)
        opened.path.unlink(missing_ok=True)
        opened.named = False


def _beside(path: Path) -> Path:
    return path.with_name(path.name + LENGTH)


def _remove_and_close(opened: _Open) -> None:
    try:
        with suppress(OSError):
            _unname(opened)
    finally:
        os.close(opened.descriptor)


def remove_abandoned(folder: Path) -> None:
    """Remove the temporaries that no living process holds."""
    with os.scandir(folder) as entries:
        for entry in entries:
            _remove_if_abandoned(Path(entry.path))


def _remove_if_abandoned(path: Path) -> bool:
    """Whether it is gone."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_NOFOLLOW)
    except FileNotFoundError:
        return True
    except OSError:
        return False
    try:
        flock(descriptor, LOCK_EX | LOCK_NB)
        if os.fstat(descriptor).st_nlink:  # else what has its name now is another's
            _unname(_Open(path, descriptor))
        return True
    except BlockingIOError:
        return False
    finally:
        os.close(descriptor)
