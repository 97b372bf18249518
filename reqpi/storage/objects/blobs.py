"""The blobs of an object store: ``blobs/sha256/ab/abcd…``, each an object that is written once."""

from __future__ import annotations

import math
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import suppress
from pathlib import Path

from twisted.internet.defer import Deferred

from reqpi.core.errors import StoreTrouble
from reqpi.core.interfaces import BlobIdentity, Following, Incoming
from reqpi.runtime.fair_share import FairShare
from reqpi.runtime.singleflight import each
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
"""Attempts at one operation. Each fails only if another process does the opposite at the same instant."""

_LOOKED_UP = 16
"""Blobs that one caller looks up concurrently."""

_BITES = (1 << 17, 1 << 21, 1 << 25)
"""Bytes. Up to 16 readers each have one stream to the end; more make one request for each bite, and share 32 MiB."""


_TOUCHED = 4
"""Blobs whose use one caller records at the same time: each takes one to four requests, and a page has dozens."""


class ObjectBlobs:
    """The :class:`reqpi.core.interfaces.Blobs` of an object store.

    :param usage: records when blobs were last used, and removes them.
    :param spool: folder on this machine where incoming blobs grow.
    :param in_thread: calls a function in another thread.
    :param kept: called in that thread with each blob that was stored, and its sha256.
    """

    def __init__(
        self,
        objects: ObjectClient,
        usage: UsageMarks,
        spool: Path,
        in_thread: InThread,
        kept: Callable[[Temporary, str], None] | None = None,
    ) -> None:
        self._objects = objects
        self._usage = usage
        self._spool = Spool(spool, self._keep, in_thread)
        self._in_thread = in_thread
        self._kept = kept
        self._bites = FairShare(*_BITES)

    async def size(self, sha256: str) -> int | None:
        """See :meth:`reqpi.core.interfaces.Blobs.size`."""
        identity = await self.identity(sha256)
        return None if identity is None else identity.size

    async def sizes(self, *sha256s: str) -> dict[str, int | None]:
        """See :meth:`reqpi.core.interfaces.Blobs.sizes`."""
        return await each(sha256s, self.size, _LOOKED_UP)

    async def identity(self, sha256: str) -> BlobIdentity | None:
        """See :meth:`reqpi.core.interfaces.Blobs.identity`."""
        found = await self._in_thread(self._objects.look, blob_key(sha256))
        return None if found is None else found.identity

    async def identity_to_send(self, sha256: str, size: int | None) -> BlobIdentity | None:
        """See :meth:`reqpi.core.interfaces.Blobs.identity_to_send`. To mark a blob takes up to four requests."""
        blob_key(sha256)  # raises ValueError for an invalid sha256
        Deferred.fromCoroutine(self._marked(sha256))
        return await self.identity(sha256)

    async def _marked(self, sha256: str) -> None:
        with suppress(StoreTrouble):  # a store that is readable but not writable can still serve
            await self.touch(sha256)

    async def read(
        self, sha256: str, start: int = 0, stop: int | None = None, identity: BlobIdentity | None = None
    ) -> AsyncGenerator[bytes, None]:
        """See :meth:`reqpi.core.interfaces.Blobs.read`.

        A blob that is removed during the read stays readable as long as the store does not cut the connection: S3
        guarantees that, other stores decide.
        """
        if start < 0 or (stop is not None and stop < 0):
            raise ValueError("a range counts from the beginning")
        with self._bites.reader():
            held = await self._in_thread(self._opened, blob_key(sha256), start, stop, identity)
            try:
                while piece := await self._in_thread(_piece, held):
                    yield piece
            finally:
                # In this thread, not in another: a generator that is dropped gets no chance to wait.
                held.close()

    def _opened(self, key: str, start: int, stop: int | None, identity: BlobIdentity | None) -> Borrowed[ObjectReader]:
        return Borrowed(
            ObjectReader(self._objects, key, start, stop, self._bites, identity=identity), ObjectReader.close
        )

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
            # Only a check after the note proves that it stays: a remover that began before has finished by then.
            self._usage.note(key)
            noted = True
        raise StoreTrouble("the file kept being removed while it was stored", "Try again.")

    async def touch(self, *sha256s: str) -> None:
        """See :meth:`reqpi.core.interfaces.Blobs.touch`."""
        await each(sha256s, self._touched, _TOUCHED)

    async def _touched(self, sha256: str) -> None:
        await self._in_thread(self._usage.touch, blob_key(sha256))

    async def remove(self, sha256: str, unused_since: float) -> bool:
        """See :meth:`reqpi.core.interfaces.Blobs.remove`."""
        return await self._in_thread(self._usage.remove, blob_key(sha256), unused_since)

    async def repair(self, sha256: str) -> bool:
        """See :meth:`reqpi.core.interfaces.Blobs.repair`."""
        return await self._in_thread(self._usage.remove, blob_key(sha256), math.inf)

    async def all(self) -> AsyncGenerator[str, None]:
        """See :meth:`reqpi.core.interfaces.Blobs.all`."""
        async for sha256 in streamed(self._in_thread, self._all):
            yield sha256

    def _all(self) -> Generator[str, None, None]:
        for found in self._objects.listed(BLOBS):
            if (sha256 := blob_of(found.key)) is not None:
                yield sha256

    async def link(self, sha256: str, seconds: int) -> str | None:
        """See :meth:`reqpi.core.interfaces.Blobs.link`."""
        return await self._in_thread(self._objects.link, blob_key(sha256), seconds)

    async def local(self, sha256: str, identity: BlobIdentity | None = None) -> None:
        """See :meth:`reqpi.core.interfaces.Blobs.local`."""
        blob_key(sha256)  # raises ValueError for an invalid sha256


def _piece(held: Borrowed[ObjectReader]) -> bytes:
    with held.borrow() as reading:
        return reading.piece()
