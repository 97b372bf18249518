"""A temporary file: it gets its name in the store when it is whole and on the disk, and not before.

The writer of a temporary file holds its lock (``flock``), which ends with the process, however that ends. A temporary
file that can be locked is therefore abandoned. One that cannot be locked is in use, by any of the processes that share
the store.

Other processes can read a temporary file while it grows if they know its name. The target of a symbolic link next to it
then gives its future length: a link is created in one step, and cannot be mistaken for an abandoned temporary file.
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
from typing import BinaryIO

from attrs import define

from reqpi.storage.borrowed import Borrowed
from reqpi.storage.directory.folders import make_folders, sync_folder

__all__ = ["ATTEMPTS", "LENGTH", "Temporary", "remove_abandoned", "sync_name"]

ATTEMPTS = 100
"""Attempts at an operation. Each can fail only because another process does the opposite at the same instant."""


LENGTH = ".length"
"""Suffix of the name of the symbolic link whose target is the future length of a temporary file, in bytes."""


@define(eq=False)
class _Open:
    """An open temporary file.

    :param named: whether it still has its name in the folder. A later file of that name belongs to another writer.
    :param announced: whether its future length may have been published.
    """

    path: Path
    descriptor: int
    named: bool = True
    announced: bool = True


class Temporary:
    """A temporary file, opened and locked. It is removed when it is closed or garbage-collected.

    All methods block, and raise the errors of the operating system.

    :param folder: the folder of temporary files, on the same file system as the place of the finished file.
    :param name: its name in that folder; without one, a name that no one can guess.
    :raises BlockingIOError: another temporary file has that name and is in use.
    """

    def __init__(self, folder: Path, name: str = "") -> None:
        opened = _locked_file(folder, name)
        self.path = opened.path
        self.size = 0
        self._writing = Lock()
        self._held = Borrowed(opened, _remove_and_close)
        self.close = self._held.close

    def write(self, data: bytes) -> None:
        """Append ``data``."""
        with self._held.borrow() as opened, self._writing, memoryview(data) as rest:
            written = 0
            while written < len(rest):
                written += os.pwrite(opened.descriptor, rest[written:], self.size + written)
            self.size += written

    def expect(self, size: int) -> None:
        """Publish the future length of the file.

        :param size: bytes.
        """
        with self._held.borrow() as opened:
            opened.announced = True
            link = _length_link(opened.path)
            link.unlink(missing_ok=True)
            link.symlink_to(str(size))

    def abandon(self) -> None:
        """Remove it from its folder. The bytes written so far can be read until it is closed."""
        with self._held.borrow() as opened:
            _unname(opened)

    def read(self, start: int, stop: int) -> bytes:
        """Return the bytes from ``start`` up to ``stop``, all of which must have been written."""
        with self._held.borrow() as opened:
            chunks = []
            while start < stop and (chunk := os.pread(opened.descriptor, stop - start, start)):
                chunks.append(chunk)
                start += len(chunk)
            return b"".join(chunks)

    def opened_again(self) -> BinaryIO:
        """Return it as another open, unbuffered file, which is readable however this one ends."""
        with self._held.borrow() as opened:
            return os.fdopen(os.dup(opened.descriptor), "rb", buffering=0)

    def finish(self, used_ns: int) -> None:
        """Flush all of it to the disk, so that it can be placed.

        :param used_ns: the modification time that it gets, in nanoseconds since the epoch.
        """
        self.date(used_ns)
        self.flush()

    def date(self, used_ns: int) -> None:
        """Set its modification time.

        :param used_ns: nanoseconds since the epoch.
        """
        with self._held.borrow() as opened:
            os.utime(opened.descriptor, ns=(used_ns, used_ns))

    def begin_flush(self, used_ns: int) -> None:
        """Have the system begin to write it to the disk, where it can be asked to, and do not wait for that."""
        with self._held.borrow() as opened:
            os.utime(opened.descriptor, ns=(used_ns, used_ns))
            with suppress(OSError, AttributeError):  # it is only a hint, and macOS does not have it
                os.posix_fadvise(opened.descriptor, 0, 0, os.POSIX_FADV_DONTNEED)

    def flush(self) -> None:
        """Wait until all of it is on the disk."""
        with self._held.borrow() as opened:
            os.fsync(opened.descriptor)

    def place(self, target: Path) -> bool:
        """Move it to ``target`` unless a file exists there, and flush its name; atomic among all processes.

        :returns: whether it was moved.
        """
        return self.name(target) and sync_name(target)

    def place_over(self, target: Path) -> bool:
        """Move it to ``target``, replacing a file that exists there, and flush its name.

        :returns: true, as :meth:`place` does where it succeeds.
        """
        return self.name_over(target) and sync_name(target)

    def name(self, target: Path) -> bool:
        """Move it as :meth:`place` does, without flushing its name."""
        try:
            self._name(os.link, target)
        except FileExistsError:
            return False
        return True

    def name_over(self, target: Path) -> bool:
        """Move it as :meth:`place_over` does, without flushing its name."""
        self._name(os.replace, target)
        return True

    def _name(self, call: Callable[[Path, Path], None], target: Path) -> None:
        for _ in range(ATTEMPTS):
            with suppress(FileNotFoundError):
                call(self.path, target)
                self.settle()
                return
            # A process that deletes the last record of a folder removes the folder too.
            with suppress(FileNotFoundError):
                make_folders(target.parent)
        raise FileNotFoundError(errno.ENOENT, "its folder or the temporary file keeps being removed", str(target))

    def settle(self) -> None:
        """End its life as a temporary file: remove its temporary name and its lock. Repeating does nothing.

        The stored file may be this very file, and a process that locks the stored file must not wait either.
        """
        with self._held.borrow() as opened:
            _unname(opened)
            flock(opened.descriptor, LOCK_UN)


def sync_name(target: Path) -> bool:
    """Flush the name of a file to the disk, if its folder still exists; return true."""
    with suppress(FileNotFoundError):
        sync_folder(target.parent)
    return True


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
            # Between its creation and its lock it looked abandoned, so another process may have removed it.
            if os.fstat(descriptor).st_nlink:
                return _Open(path, descriptor, announced=False)
        except BlockingIOError:
            pass
        except BaseException:
            _remove_and_close(_Open(path, descriptor))
            raise
        if name:
            os.close(descriptor)  # removal needs the lock, because the name may belong to another file by now
        else:
            _remove_and_close(_Open(path, descriptor))


def _unname(opened: _Open) -> None:
    if opened.named:
        if opened.announced:
            _length_link(opened.path).unlink(missing_ok=True)
        opened.path.unlink(missing_ok=True)
        opened.named = False


def _length_link(path: Path) -> Path:
    return path.with_name(path.name + LENGTH)


def _remove_and_close(opened: _Open) -> None:
    try:
        with suppress(OSError):
            _unname(opened)
    finally:
        flock(opened.descriptor, LOCK_UN)  # a file that was opened again would keep the lock
        os.close(opened.descriptor)


def remove_abandoned(folder: Path) -> None:
    """Remove the temporary files that no living process has locked."""
    with os.scandir(folder) as entries:
        for entry in entries:
            _remove_if_abandoned(Path(entry.path))


def _remove_if_abandoned(path: Path) -> bool:
    """Return whether the file is gone."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_NOFOLLOW)
    except FileNotFoundError:
        return True
    except OSError:
        return False
    try:
        flock(descriptor, LOCK_EX | LOCK_NB)
        if os.fstat(descriptor).st_nlink:  # otherwise the name belongs to another file by now
            _unname(_Open(path, descriptor))
        return True
    except BlockingIOError:
        return False
    finally:
        os.close(descriptor)
