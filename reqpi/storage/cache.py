"""A bounded cache of a store's blobs on this machine's disk: those that were read last."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from threading import Lock

from reqpi.core.errors import Misconfigured
from reqpi.storage.directory.blobs import COARSE, DirectoryBlobs
from reqpi.storage.directory.folders import make_folders
from reqpi.storage.directory.temporary import Temporary, remove_abandoned
from reqpi.storage.directory.walk import files_below
from reqpi.storage.threads import InThread

__all__ = ["Cache"]

_OURS = {"blobs", "incoming", "lost+found"}

_CLEARED = 0.85
"""The part of the bound that is left after blobs were removed. Listing the folder for every new file would be slow."""

_SHARE = 20
"""This process lists the folder again after it has added this part (1/20) of the bound."""


class Cache(DirectoryBlobs):
    """Blobs in a directory, of which the least recently used are removed. Processes of one host may share it.

    A copy need not be on the disk: a process that starts after a crash hashes it before it uses it. For a short time,
    each process may exceed the bound by a twentieth, and by the blobs that it is writing.

    :param folder: the folder of the cache.
    :param bound: bytes of all blobs together.
    :param in_thread: calls a function in another thread.
    :param clock: seconds since the epoch.
    :param coarse: seconds during which a repeated use of a blob is not recorded again.
    """

    def __init__(
        self,
        folder: Path,
        bound: int,
        in_thread: InThread,
        clock: Callable[[], float] = time.time,
        coarse: float = COARSE,
    ) -> None:
        self.incoming = folder / "incoming"
        self._folder = folder
        self._files = folder / "blobs" / "sha256"
        self._bound = bound
        self._added = 0
        self._lock = Lock()
        super().__init__(self._files, self.incoming, in_thread, clock, coarse, durable=False)

    def open(self) -> None:
        """Create missing folders, and remove blobs above the bound. It blocks.

        :raises reqpi.core.errors.Misconfigured: the folder cannot be a cache.
        """
        try:
            make_folders(self._folder)
            if strange := set(os.listdir(self._folder)) - _OURS:
                raise Misconfigured(
                    f"{self._folder} cannot be the cache: it contains other files ({min(strange)})",
                    "Name an empty directory or a new one.",
                )
            for folder in (self._files, self.incoming):
                make_folders(folder)
            remove_abandoned(self.incoming)
            self._make_room()
        except OSError as error:
            raise Misconfigured(
                f"{self._folder} cannot be the cache: {error.strerror or error}",
                f"User {os.geteuid()} must own the directory and be able to write to it.",
            ) from error

    def adopt(self, temporary: Temporary, sha256: str) -> None:
        """Add a blob that was just stored elsewhere. It blocks. Errors are ignored: the blob is then not cached."""
        with suppress(OSError):
            self._keep(temporary, sha256)
            self.fit(temporary.size)

    def fit(self, added: int) -> None:
        """Count bytes that were added, and make room once they are a share of the bound. It blocks.

        :param added: bytes.
        """
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
                state = path.lstat()
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
