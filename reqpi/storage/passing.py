"""A store with temporary blobs: records go to a permanent store, new blobs to a folder that is removed at the end.

``reqpi fetch`` writes each file into the folder that its user names. A second copy in the user's store would double
the disk space that a lock needs. The records are kept because a lock without digests would otherwise be frozen anew
each time.
"""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Callable
from pathlib import Path
from typing import BinaryIO

from reqpi.core.interfaces import BlobIdentity, Store
from reqpi.runtime import offload
from reqpi.storage.directory.blobs import COARSE
from reqpi.storage.directory.layout import Layout
from reqpi.storage.directory.store import DirectoryStore
from reqpi.storage.threads import InThread

__all__ = ["PassingStore", "forget"]


class PassingStore(DirectoryStore):
    """A :class:`reqpi.core.interfaces.Store` that adds a folder of new blobs to another store.

    :param behind: has the records, and the blobs that are not in ``folder``.
    :param folder: for new blobs. Its owner removes it after :meth:`close`.
    :param in_thread: calls a function that blocks in another thread.
    :param clock: seconds since the epoch.
    :param coarse: seconds during which a repeated use of a blob is not recorded again.
    """

    def __init__(
        self,
        behind: Store,
        folder: Path,
        *,
        in_thread: InThread = offload.in_thread,
        clock: Callable[[], float] = time.time,
        coarse: float = COARSE,
    ) -> None:
        super().__init__(folder, in_thread=in_thread, clock=clock, coarse=coarse)
        self._behind = behind
        self.get = behind.get  # type: ignore[method-assign]
        self.create = behind.create  # type: ignore[method-assign]
        self.replace = behind.replace  # type: ignore[method-assign]
        self.delete = behind.delete  # type: ignore[method-assign]
        self.names = behind.names  # type: ignore[method-assign]
        self.use = behind.use  # type: ignore[method-assign]
        self.last_used = behind.last_used  # type: ignore[method-assign]

    def open(self) -> None:
        """See :meth:`reqpi.core.interfaces.Store.open`."""
        self._behind.open()
        super().open()

    async def close(self) -> None:
        """See :meth:`reqpi.core.interfaces.Store.close`."""
        await super().close()
        await self._behind.close()

    async def size(self, sha256: str) -> int | None:
        """See :meth:`reqpi.core.interfaces.Blobs.size`."""
        here = await super().identity(sha256)
        return await self._behind.size(sha256) if here is None else here.size

    async def sizes(self, *sha256s: str) -> dict[str, int | None]:
        """See :meth:`reqpi.core.interfaces.Blobs.sizes`."""
        here = await super().sizes(*sha256s)
        return here | await self._behind.sizes(*(sha256 for sha256, size in here.items() if size is None))

    async def identity(self, sha256: str) -> BlobIdentity | None:
        """See :meth:`reqpi.core.interfaces.Blobs.identity`."""
        return await super().identity(sha256) or await self._behind.identity(sha256)

    async def identity_to_send(self, sha256: str, size: int | None) -> BlobIdentity | None:
        """See :meth:`reqpi.core.interfaces.Blobs.identity_to_send`."""
        return await super().identity(sha256) or await self._behind.identity_to_send(sha256, size)

    async def read(
        self, sha256: str, start: int = 0, stop: int | None = None, identity: BlobIdentity | None = None
    ) -> AsyncGenerator[bytes, None]:
        """See :meth:`reqpi.core.interfaces.Blobs.read`."""
        here = await super().identity(sha256) is not None
        read = super().read if here else self._behind.read
        chunks = read(sha256, start, stop, identity)
        async for chunk in chunks:
            yield chunk

    async def local(self, sha256: str, identity: BlobIdentity | None = None) -> BinaryIO | None:
        """See :meth:`reqpi.core.interfaces.Blobs.local`."""
        return await super().local(sha256, identity) or await self._behind.local(sha256, identity)

    async def touch(self, *sha256s: str) -> None:
        """See :meth:`reqpi.core.interfaces.Blobs.touch`."""
        await super().touch(*sha256s)
        await self._behind.touch(*sha256s)

    async def remove(self, sha256: str, unused_since: float) -> bool:
        """See :meth:`reqpi.core.interfaces.Blobs.remove`."""
        here = await super().remove(sha256, unused_since)
        return await self._behind.remove(sha256, unused_since) or here

    async def repair(self, sha256: str) -> bool:
        """See :meth:`reqpi.core.interfaces.Blobs.repair`."""
        here = await super().repair(sha256)
        return await self._behind.repair(sha256) or here

    async def occupied(self) -> AsyncGenerator[int, None]:
        """See :meth:`reqpi.core.interfaces.Store.occupied`."""
        async for size in super().occupied():
            yield size
        async for size in self._behind.occupied():
            yield size

    async def all(self) -> AsyncGenerator[str, None]:
        """See :meth:`reqpi.core.interfaces.Blobs.all`."""
        seen = set()
        async for sha256 in super().all():
            seen.add(sha256)
            yield sha256
        async for sha256 in self._behind.all():
            if sha256 not in seen:
                yield sha256


def forget(folder: Path, sha256: str) -> None:
    """Remove a blob that is no longer needed from the folder of a :class:`PassingStore`. It blocks."""
    (Layout(folder).blobs / sha256[:2] / sha256).unlink(missing_ok=True)
