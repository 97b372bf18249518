"""A file on its way in: it gets its name in the store when it is whole and on the disk, and not before.

Who writes a temporary holds its lock (``flock``), which ends with the process however that ends. So a temporary that
can be locked belongs to nobody any more, and one that cannot is in use, by whichever of the processes that share the
store.
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

from reqpi.storage.folders import make_folders, sync_folder
from reqpi.storage.held import Held

__all__ = ["ATTEMPTS", "Temporary", "remove_abandoned"]

ATTEMPTS = 100
"""Each is lost only to another process that does the contrary in the same instant."""


class Temporary:
    """A file in the folder of temporaries, opened and locked; removed again when it is closed or forgotten.

    All methods block. Errors are the operating system's.

    :param folder: of temporaries; on the same file system as where the file will be placed.
    """

    def __init__(self, folder: Path) -> None:
        self.path, descriptor = _locked_file(folder)
        self.size = 0
        self._writing = Lock()
        self._held = Held((self.path, descriptor), _remove_and_close)
        self.close = self._held.close

    def write(self, data: bytes) -> None:
        """Append."""
        with self._held.borrow() as (_, descriptor), self._writing, memoryview(data) as rest:
            written = 0
            while written < len(rest):
                written += os.pwrite(descriptor, rest[written:], self.size + written)
            self.size += written

    def abandon(self) -> None:
        """Take it out of its folder. What was written can still be read until it is closed."""
        self.path.unlink(missing_ok=True)

    def read(self, start: int, stop: int) -> bytes:
        """The bytes from ``start`` up to ``stop``, all of which were written."""
        with self._held.borrow() as (_, descriptor):
            pieces = []
            while start < stop and (piece := os.pread(descriptor, stop - start, start)):
                pieces.append(piece)
                start += len(piece)
            return b"".join(pieces)

    def finish(self, used_ns: int) -> None:
        """Have all of it on the disk, ready to be placed.

        :param used_ns: since the epoch, the modification time it gets.
        """
        with self._held.borrow() as (_, descriptor):
            os.utime(descriptor, ns=(used_ns, used_ns))
            os.fsync(descriptor)

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
                self._settled(target)
                return
            # Whoever deletes the last record of a folder removes the folder too.
            with suppress(FileNotFoundError):
                make_folders(target.parent)
        raise FileNotFoundError(errno.ENOENT, "its folder, or the temporary, is removed again and again", str(target))

    def _settled(self, target: Path) -> None:
        """Now it is more than a temporary: whoever locks what stands in the store must not wait for this one."""
        with self._held.borrow() as (path, descriptor):
            path.unlink(missing_ok=True)
            flock(descriptor, LOCK_UN)
        with suppress(FileNotFoundError):
            sync_folder(target.parent)


def _locked_file(folder: Path) -> tuple[Path, int]:
    while True:
        path = folder / secrets.token_hex(16)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            os.fchmod(descriptor, 0o600)
            flock(descriptor, LOCK_EX | LOCK_NB)
            # Between its creation and its lock it looked abandoned, and may have been removed as such.
            if os.fstat(descriptor).st_nlink:
                return path, descriptor
        except BlockingIOError:
            pass
        except BaseException:
            _remove_and_close((path, descriptor))
            raise
        _remove_and_close((path, descriptor))


def _remove_and_close(held: tuple[Path, int]) -> None:
    path, descriptor = held
    try:
        with suppress(OSError):
            path.unlink()
    finally:
        os.close(descriptor)


def remove_abandoned(folder: Path) -> None:
    """Remove the temporaries that no living process holds."""
    with os.scandir(folder) as entries:
        for entry in entries:
            _remove_if_abandoned(Path(entry.path))


def _remove_if_abandoned(path: Path) -> None:
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_NOFOLLOW)
    except OSError:
        return
    try:
        flock(descriptor, LOCK_EX | LOCK_NB)
        path.unlink(missing_ok=True)
    except BlockingIOError:
        pass
    finally:
        os.close(descriptor)
