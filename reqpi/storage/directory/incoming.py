"""An incoming blob of a directory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import BinaryIO

from reqpi.core.errors import StoreTrouble
from reqpi.storage.directory.temporary import Temporary
from reqpi.storage.errors import store_trouble
from reqpi.storage.names import checked_sha256
from reqpi.storage.threads import InThread

__all__ = ["DirectoryIncoming"]


class DirectoryIncoming:
    """A :class:`reqpi.core.interfaces.Incoming` that is written to a temporary file.

    :param temporary: an empty file that nothing else uses.
    :param place: moves the temporary file to the blobs, under a sha256.
    :param in_thread: calls a function in another thread.
    """

    def __init__(self, temporary: Temporary, place: Callable[[Temporary, str], None], in_thread: InThread) -> None:
        self._temporary = temporary
        self._place = place
        self._in_thread = in_thread
        self.size = 0
        self._failure: StoreTrouble | None = None

    async def write(self, data: bytes) -> None:
        """See :meth:`reqpi.core.interfaces.Incoming.write`."""
        await self._in_thread(self._write, data)

    def _write(self, data: bytes) -> None:
        with self._abandon_on_failure():
            self._temporary.write(data)
            self.size = self._temporary.size

    async def expect(self, size: int) -> None:
        """See :meth:`reqpi.core.interfaces.Incoming.expect`."""
        await self._in_thread(self._expect, size)

    def _expect(self, size: int) -> None:
        with self._abandon_on_failure():
            self._temporary.expect(size)

    async def read(self, start: int, stop: int) -> bytes:
        """See :meth:`reqpi.core.interfaces.Incoming.read`."""
        if not 0 <= start <= stop <= self.size:
            raise ValueError("these bytes are not written yet")
        return await self._in_thread(self._read, start, stop)

    def _read(self, start: int, stop: int) -> bytes:
        with store_trouble("read", self._temporary.path):
            return self._temporary.read(start, stop)

    def local(self) -> BinaryIO:
        """See :meth:`reqpi.core.interfaces.Incoming.local`."""
        with store_trouble("read", self._temporary.path):
            return self._temporary.opened_again()

    async def keep(self, sha256: str) -> None:
        """See :meth:`reqpi.core.interfaces.Incoming.keep`."""
        await self._in_thread(self._keep, checked_sha256(sha256))

    def _keep(self, sha256: str) -> None:
        with self._abandon_on_failure():
            self._place(self._temporary, sha256)
            self._temporary.settle()

    @contextmanager
    def _abandon_on_failure(self) -> Iterator[None]:
        """Raise an earlier failure again, and abandon the temporary file on the first one.

        Once a write has failed, nothing more is written and nothing is kept.

        :raises reqpi.core.errors.StoreTrouble: this write or an earlier one failed.
        """
        if self._failure is not None:
            raise self._failure
        try:
            with store_trouble("written", self._temporary.path):
                yield
        except StoreTrouble as failure:
            self._failure = failure
            with suppress(OSError):
                self._temporary.abandon()
            raise

    async def discard(self) -> None:
        """See :meth:`reqpi.core.interfaces.Incoming.discard`."""
        await self._in_thread(self._temporary.close)
