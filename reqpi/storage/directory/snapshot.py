"""A store in a directory that may not be writable: a mounted backup, or a snapshot of a file system."""

from __future__ import annotations

from typing import NoReturn

from twisted.logger import Logger

from reqpi.core.errors import StoreTrouble
from reqpi.core.interfaces import Following, Incoming
from reqpi.storage.directory.store import DirectoryStore

__all__ = ["SnapshotStore"]

_log = Logger()


class SnapshotStore(DirectoryStore):
    """A directory that is served as it is if it cannot be written, and as any other otherwise.

    What is in it counts as used. Nothing is added to it, so the use of files and records is not recorded either.
    """

    _fixed = False

    @property
    def is_fixed(self) -> bool:
        """Whether it cannot be written. This is known once it is open."""
        return self._fixed

    def open(self) -> None:
        """See :meth:`reqpi.core.interfaces.Store.open`."""
        self._fixed = self._layout.is_fixed()
        if not self._fixed:
            super().open()
            return
        self._layout.recognise()
        _log.warn(
            "the store {path} cannot be written: it is served as it is, and uses, refusals and holds are not recorded",
            path=self._layout.root,
        )

    async def create(self, name: str, value: bytes) -> bytes:
        """See :meth:`reqpi.core.interfaces.Records.create`."""
        if not self._fixed:
            return await super().create(name, value)
        standing = await self.get(name)
        return _read_only() if standing is None else standing

    async def replace(self, name: str, value: bytes) -> None:
        """See :meth:`reqpi.core.interfaces.Records.replace`. Refusals, and the progress of holds, are not kept."""
        if not self._fixed:
            await super().replace(name, value)

    async def use(self, name: str) -> bool:
        """See :meth:`reqpi.core.interfaces.Records.use`."""
        return await self.last_used(name) is not None if self._fixed else await super().use(name)

    async def touch(self, *sha256s: str) -> None:
        """See :meth:`reqpi.core.interfaces.Blobs.touch`."""
        if not self._fixed:
            await super().touch(*sha256s)

    async def begin(self) -> Incoming:
        """See :meth:`reqpi.core.interfaces.Blobs.begin`."""
        return _read_only() if self._fixed else await super().begin()

    async def claim(self, name: str) -> Incoming | None:
        """See :meth:`reqpi.core.interfaces.Blobs.claim`."""
        return _read_only() if self._fixed else await super().claim(name)

    async def follow(self, name: str) -> Following | None:
        """See :meth:`reqpi.core.interfaces.Blobs.follow`."""
        return None if self._fixed else await super().follow(name)


def _read_only() -> NoReturn:
    raise StoreTrouble("the store is read-only", "It is served as it is: nothing is added to it.")
