"""A part of a store's blobs on this machine's disk: those that were read last, within a bound."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from threading import Lock

from reqpi.core.errors import Misconfigured
from reqpi.storage.directory.blobs import DirectoryBlobs
from reqpi.storage.directory.folders import make_folders
from reqpi.storage.directory.temporary import Temporary, remove_abandoned
from reqpi.storage.directory.walk import files_below
from reqpi.storage.threads import InThread

__all__ = ["Cache"]

_OURS = {"blobs", "incoming", "lost+found"}

_CLEARED = 0.85
"""Of the bound, what is left when it was reached: to look through the folder for every file would take long."""

_SHARE = 20
"""A part of the bound: so much is added by this process before it looks through the folder again."""


class Cache(DirectoryBlobs):
    """Blobs in a directory, the least recently used of which go. Processes of one host may share it.

    All of them may exceed the bound for a moment by a twentieth each, and by what is on its way in.

    :param folder: of the cache.
    :param bound: bytes.
    :param in_thread: calls a function in another thread.
    :param clock: seconds since the epoch.
    """

    def __init__(self, folder: Path, bound: int, in_thread: InThread, clock: Callable[[], float] = time.time) -> None:
        self.incoming = folder / "incoming"
        self._folder = folder
        self._files = folder / "blobs" / "sha256"
        self._bound = bound
        self._added = 0
        self._lock = Lock()
        super().__init__(self._files, self.incoming, in_thread, clock)

    def open(self) -> None:
        """Make what is missing, and remove what is too much. It blocks.

        :raises reqpi.core.errors.Misconfigured: this can be no cache.
        """
        try:
            make_folders(self._folder)
            if strange := set(os.listdir(self._folder)) - _OURS:
                raise Misconfigured(
                    f"{self._folder} cannot be the cache: it holds other things ({min(strange)})",
                    "Name an empty directory or a new one.",
                )
            for folder in (self._files, self.incoming):
                make_folders(folder)
            remove_abandoned(self.incoming)
            self._make_room()
        except OSError as error:
            raise Misconfigured(
                f"{self._folder} cannot be the cache: {error.strerror or error}",
                f"User {os.geteuid()} has to own it, and be able to write there.",
            ) from error

    def adopt(self, temporary: Temporary, sha256: str) -> None:
        """Take a blob that was just kept elsewhere. It blocks; what goes wrong is no trouble: it is not here then."""
        with suppress(OSError):
            self._keep(temporary, sha256)
            self.fit(temporary.size)

    def fit(self, added: int) -> None:
        """Make room, where so many bytes more were one time too much. It blocks."""
        with self._lock:
            self._added += added
            if self._added <= self._bound // _SHARE:
                return
            self._added = 0
        with suppress(OSError):
            self._make_room()

    def _make_room(self) -> None:
        found = []
        for parts in files_below(self._files):
            path = self._files.joinpath(*parts)
            with suppress(FileNotFoundError):
                state = path.stat()
                found.append((state.st_mtime_ns, state.st_size, path))
        total = sum(size for _, size, _ in found)
        if total <= self._bound:
            return
        found.sort()
        for _, size, path in found:
            if total <= self._bound * _CLEARED:
                return
            path.unlink(missing_ok=True)
            total -= size
