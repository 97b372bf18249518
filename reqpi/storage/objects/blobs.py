"""The blobs of an object store: ``blobs/sha256/ab/abcd…``, each an object that is written once."""

from __future__ import annotations

import math
from collections.abc import AsyncGenerator, Callable, Generator, Iterable
from pathlib import Path

from reqpi.core.errors import StoreTrouble
from reqpi.core.interfaces import Following, Incoming
from reqpi.runtime.fair_share import FairShare
from reqpi.storage.borrowed import Borrowed
from reqpi.storage.directory.spool import Spool
from reqpi.storage.directory.temporary import Temporary
from reqpi.storage.objects.client import ObjectClient
from reqpi.storage.objects.keys import BLOBS, blob_key, blob_of
from reqpi.storage.objects.reader import ObjectReader
from reqpi.storage.objects.usage import UsageMarks
from reqpi.storage.threads import InThread, streamed

__all__ = ["ATTEMPTS", "ObjectBlobs"]

ATTEMPTS = 10
"""Each is lost only to another process that does the contrary in the same instant."""

_BITES = (1 << 17, 1 << 21, 1 << 25)
"""Bytes: up to 16 readers have a stream to the end each; more have a request for each bite, and 32 MiB among them."""


class ObjectBlobs:
    """:class:`reqpi.core.interfaces.Blobs` in an object store.

    :param spool: folder where blobs grow, on this machine.
    :param in_thread: calls a function in another thread.
    :param kept: is given each blob that was kept, and its sha256, in that thread.
    """

    def __init__(
        self,
        objects: ObjectClient,
        presence: UsageMarks,
        spool: Path,
        in_thread: InThread,
        kept: Callable[[Temporary, str], None] | None = None,
    ) -> None:
        self._objects = objects
        self._presence = presence
        self._spool = Spool(spool, self._keep, in_thread)
        self._in_thread = in_thread
        self._kept = kept
        self._bites = FairShare(*_BITES)

    async def size(self, sha256: str) -> int | None:
        """See :meth:`reqpi.core.interfaces.Blobs.size`."""
        found = await self._in_thread(self._objects.look, blob_key(sha256))
        return None if found is None else found.size

    async def read(self, sha256: str, start: int = 0, stop: int | None = None) -> AsyncGenerator[bytes, None]:
        """See :meth:`reqpi.core.interfaces.Blobs.read`.

        Whether a blob that is removed meanwhile stays readable is up to the store, as long as it does not cut the
        connection: S3 sees to that.
        """
        if start < 0 or (stop is not None and stop < 0):
            raise ValueError("a range counts from the beginning")
        with self._bites.reader():
            held = await self._in_thread(self._opened, blob_key(sha256), start, stop)
            try:
                while piece := await self._in_thread(_piece, held):
                    yield piece
            finally:
                # Here and now, not in a thread: a generator that is dropped gets no chance to wait.
                held.close()

    def _opened(self, key: str, start: int, stop: int | None) -> Borrowed[ObjectReader]:
        return Borrowed(ObjectReader(self._objects, key, start, stop, self._bites), ObjectReader.close)

    async def begin(self) -> Incoming:
        """See :meth:`reqpi.core.interfaces.Blobs.begin`."""
        return await self._spool.begin()

    async def claim(self, name: str) -> Incoming | None:
        """See :meth:`reqpi.core.interfaces.Blobs.claim`."""
        return await self._spool.claim(name)

    async def follow(self, name: str) -> Following | None:
        """See :meth:`reqpi.core.interfaces.Blobs.follow`."""
        return await self._spool.follow(name)

    def _keep(self, temporary: Temporary, sha256: str) -> None:
        key = blob_key(sha256)
        noted = False
        for _ in range(ATTEMPTS):
            found = self._objects.look(key)
            here = found is not None and found.size == temporary.size
            if here and noted:
                if self._kept is not None:
                    self._kept(temporary, sha256)
                return
            if not here:
                self._objects.upload(key, temporary.path, temporary.size)
            # Only who looks after noting knows that it stays: whoever removed it before that is done by then.
            self._presence.note(key)
            noted = True
        raise StoreTrouble("a file comes and goes", "It was gone whenever it was put in place. Ask again.")

    async def touch(self, *sha256s: str) -> None:
        """See :meth:`reqpi.core.interfaces.Blobs.touch`."""
        await self._in_thread(self._touch, sha256s)

    def _touch(self, sha256s: Iterable[str]) -> None:
        for sha256 in sha256s:
            self._presence.touch(blob_key(sha256))

    async def remove(self, sha256: str, unused_since: float) -> bool:
        """See :meth:`reqpi.core.interfaces.Blobs.remove`."""
        return await self._in_thread(self._presence.remove, blob_key(sha256), unused_since)

    async def repair(self, sha256: str) -> bool:
        """See :meth:`reqpi.core.interfaces.Blobs.mend`."""
        return await self._in_thread(self._presence.remove, blob_key(sha256), math.inf)

    async def all(self) -> AsyncGenerator[str, None]:
        """See :meth:`reqpi.core.interfaces.Blobs.all`."""
        async for sha256 in streamed(self._in_thread, self._all):
            yield sha256

    def _all(self) -> Generator[str, None, None]:
        for each in self._objects.listed(BLOBS):
            if (sha256 := blob_of(each.key)) is not None:
                yield sha256

    async def link(self, sha256: str, seconds: int) -> str | None:
        """See :meth:`reqpi.core.interfaces.Blobs.link`."""
        return await self._in_thread(self._objects.link, blob_key(sha256), seconds)

    async def local(self, sha256: str) -> None:
        """See :meth:`reqpi.core.interfaces.Blobs.local`."""
        blob_key(sha256)  # which refuses what is none


def _piece(held: Borrowed[ObjectReader]) -> bytes:
    with held.borrow() as reading:
        return reading.piece()
