"""A store behind a cache on this machine's disk.

The cache only ever answers reads. The store decides whether a blob exists, and takes all writes. Only while the store
cannot be reached does the content of the cache decide.
"""

from __future__ import annotations

import math
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from hashlib import sha256 as hasher
from typing import BinaryIO

from reqpi.core.errors import StoreTrouble
from reqpi.core.interfaces import BlobIdentity, Following, Incoming, Store
from reqpi.storage.cache import Cache
from reqpi.storage.threads import InThread

__all__ = ["CachedStore"]


class CachedStore:
    """A :class:`reqpi.core.interfaces.Store` in front of another one.

    :param store: has everything.
    :param cache: has copies of the blobs that were read last.
    :param in_thread: calls a function in another thread.
    """

    def __init__(self, store: Store, cache: Cache, in_thread: InThread) -> None:
        self._store = store
        self._cache = cache
        self._in_thread = in_thread

    def open(self) -> None:
        """See :meth:`reqpi.core.interfaces.Store.open`."""
        self._cache.open()
        self._store.open()

    async def close(self) -> None:
        """See :meth:`reqpi.core.interfaces.Store.close`."""
        await self._store.close()

    # Blobs

    async def size(self, sha256: str) -> int | None:
        """See :meth:`reqpi.core.interfaces.Blobs.size`."""
        try:
            return await self._store.size(sha256)
        except StoreTrouble:
            cached = await self._cache.size(sha256)
            if cached is None:
                raise
            return cached

    async def sizes(self, *sha256s: str) -> dict[str, int | None]:
        """See :meth:`reqpi.core.interfaces.Blobs.sizes`."""
        try:
            return await self._store.sizes(*sha256s)
        except StoreTrouble:
            return {sha256: await self.size(sha256) for sha256 in sha256s}

    async def identity(self, sha256: str) -> BlobIdentity | None:
        """See :meth:`reqpi.core.interfaces.Blobs.identity`: that of the copy in the cache, if there is one."""
        cached = None
        with suppress(StoreTrouble):
            cached = await self._cache.identity(sha256)
        try:
            stored = await self._store.identity(sha256)
        except StoreTrouble:
            if cached is None:
                raise
            return cached
        return None if stored is None else cached or stored

    async def read(
        self, sha256: str, start: int = 0, stop: int | None = None, identity: BlobIdentity | None = None
    ) -> AsyncGenerator[bytes, None]:
        """See :meth:`reqpi.core.interfaces.Blobs.read`.

        A blob that was read from beginning to end is in the cache afterwards.
        """
        begun = False
        try:
            async with aclosing(self._cache.read(sha256, start, stop, identity)) as chunks:
                async for chunk in chunks:
                    begun = True
                    yield chunk
        except (KeyError, StoreTrouble):
            if begun:
                raise
            async with aclosing(self._copied(sha256, start, stop, identity)) as chunks:
                async for chunk in chunks:
                    yield chunk
        else:
            with suppress(StoreTrouble):  # then the blob is only removed a little sooner
                await self._cache.touch(sha256)

    async def _copied(
        self, sha256: str, start: int, stop: int | None, identity: BlobIdentity | None
    ) -> AsyncGenerator[bytes, None]:
        """Yield chunks from the store, and copy them to the cache if they turn out to be the whole blob."""
        copy = None if start or stop == 0 else await self._begun(sha256)
        computed = hasher()
        try:
            async with aclosing(self._store.read(sha256, start, stop, identity)) as chunks:
                async for chunk in chunks:
                    if copy is not None and not await _wrote(copy, chunk):
                        await copy.discard()
                        copy = None
                    computed.update(chunk)
                    yield chunk
            if copy is not None and computed.hexdigest() == sha256:
                with suppress(StoreTrouble):
                    await copy.keep(sha256)
                    await self._in_thread(self._cache.fit, copy.size)
        finally:
            if copy is not None:
                await copy.discard()

    async def _begun(self, sha256: str) -> Incoming | None:
        """Return a new blob of the cache; ``None`` if another reader is writing it, or the cache cannot be written."""
        try:
            return await self._cache.claim(sha256)
        except StoreTrouble:
            return None

    async def local(self, sha256: str, identity: BlobIdentity | None = None) -> BinaryIO | None:
        """See :meth:`reqpi.core.interfaces.Blobs.local`. A blob that the cache lacks is added to it by :meth:`read`."""
        try:
            file = await self._cache.local(sha256, identity)
        except StoreTrouble:
            return None
        with suppress(StoreTrouble):  # then the blob is only removed a little sooner
            await self._cache.touch(sha256)
        return file

    async def begin(self) -> Incoming:
        """See :meth:`reqpi.core.interfaces.Blobs.begin`."""
        return await self._store.begin()

    async def claim(self, name: str) -> Incoming | None:
        """See :meth:`reqpi.core.interfaces.Blobs.claim`."""
        return await self._store.claim(name)

    async def follow(self, name: str) -> Following | None:
        """See :meth:`reqpi.core.interfaces.Blobs.follow`."""
        return await self._store.follow(name)

    async def touch(self, *sha256s: str) -> None:
        """See :meth:`reqpi.core.interfaces.Blobs.touch`."""
        await self._store.touch(*sha256s)

    async def remove(self, sha256: str, unused_since: float) -> bool:
        """See :meth:`reqpi.core.interfaces.Blobs.remove`."""
        removed = await self._store.remove(sha256, unused_since)
        if removed:
            await self._cache.repair(sha256)
        return removed

    async def repair(self, sha256: str) -> bool:
        """See :meth:`reqpi.core.interfaces.Blobs.repair`. The cache comes first: reads come from it where it can."""
        return await self._cache.repair(sha256) or await self._store.repair(sha256)

    async def link(self, sha256: str, seconds: int) -> str | None:
        """See :meth:`reqpi.core.interfaces.Blobs.link`."""
        return await self._store.link(sha256, seconds)

    async def occupied(self) -> AsyncGenerator[int, None]:
        """See :meth:`reqpi.core.interfaces.Store.occupied`. The cache is no part of the store."""
        async for size in self._store.occupied():
            yield size

    async def all(self) -> AsyncGenerator[str, None]:
        """See :meth:`reqpi.core.interfaces.Blobs.all`."""
        async with aclosing(self._store.all()) as names:
            async for sha256 in names:
                yield sha256

    # Records

    async def get(self, name: str) -> bytes | None:
        """See :meth:`reqpi.core.interfaces.Records.get`."""
        return await self._store.get(name)

    async def create(self, name: str, value: bytes) -> bytes:
        """See :meth:`reqpi.core.interfaces.Records.create`."""
        return await self._store.create(name, value)

    async def replace(self, name: str, value: bytes) -> None:
        """See :meth:`reqpi.core.interfaces.Records.replace`."""
        await self._store.replace(name, value)

    async def delete(self, name: str, unused_since: float = math.inf) -> bool:
        """See :meth:`reqpi.core.interfaces.Records.delete`."""
        return await self._store.delete(name, unused_since)

    async def names(self, prefix: str) -> AsyncGenerator[str, None]:
        """See :meth:`reqpi.core.interfaces.Records.names`."""
        async with aclosing(self._store.names(prefix)) as names:
            async for name in names:
                yield name

    async def use(self, name: str) -> bool:
        """See :meth:`reqpi.core.interfaces.Records.use`."""
        return await self._store.use(name)

    async def last_used(self, name: str) -> float | None:
        """See :meth:`reqpi.core.interfaces.Records.last_used`."""
        return await self._store.last_used(name)


async def _wrote(copy: Incoming, chunk: bytes) -> bool:
    try:
        await copy.write(chunk)
    except StoreTrouble:
        return False
    return True
