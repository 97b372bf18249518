"""A store behind a cache on this machine's disk.

The cache only ever answers reads. The store decides whether a blob exists, and takes all writes. Only while the store
cannot be reached does the content of the cache decide.
"""

from __future__ import annotations

import math
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing, suppress
from functools import partial
from hashlib import sha256 as hasher
from typing import BinaryIO

from twisted.internet.defer import Deferred

from reqpi.core.errors import StoreTrouble
from reqpi.core.interfaces import BlobIdentity, Following, Incoming, Store
from reqpi.runtime.lru import LruCache
from reqpi.runtime.singleflight import SingleFlight
from reqpi.storage.cache import Cache
from reqpi.storage.threads import InThread

__all__ = ["CachedStore"]

_SMALL = 1 << 22
"""Bytes up to which a blob is copied to the cache before any of it is sent."""

_KNOWN = 60.0
"""Seconds for which the store is believed to have a blob that it had. A sweep spares a blob that was used in the hour
before, and the bytes of the copy are verified like any other."""

_REMEMBERED = 30_000
"""Blobs of which that is remembered: some 200 bytes each."""


class CachedStore:
    """A :class:`reqpi.core.interfaces.Store` in front of another one.

    :param store: has everything.
    :param cache: has copies of the blobs that were read last.
    :param in_thread: calls a function in another thread.
    :param clock: seconds since any fixed time.
    """

    def __init__(
        self, store: Store, cache: Cache, in_thread: InThread, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._store = store
        self._cache = cache
        self._in_thread = in_thread
        self._clock = clock
        self._seen: LruCache[str, float] = LruCache(_REMEMBERED)
        self._copying: SingleFlight[bool] = SingleFlight()

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
        return await self._reported(sha256, await self._cached(sha256), self._store.identity(sha256))

    async def identity_to_send(self, sha256: str, size: int | None) -> BlobIdentity | None:
        """See :meth:`reqpi.core.interfaces.Blobs.identity_to_send`: that of the copy in the cache, if there is one.

        A small blob is copied first. Once there is a copy, the store is asked every :data:`_KNOWN` seconds.
        """
        cached = await self._cached(sha256)
        if cached is not None and self._is_known(sha256):
            return cached
        if cached is None and size is not None and size <= _SMALL:
            Deferred.fromCoroutine(self._marked(sha256))
            if not await self._copying.do(sha256, partial(self._copy, sha256)):
                return None
            cached = await self._cached(sha256)
            return cached or await self._store.identity(sha256)
        return await self._reported(sha256, cached, self._store.identity_to_send(sha256, size))

    async def _reported(
        self, sha256: str, cached: BlobIdentity | None, asked: Awaitable[BlobIdentity | None]
    ) -> BlobIdentity | None:
        """Return the identity of a blob that the store has: that of the copy, if there is one."""
        try:
            stored = await asked
        except StoreTrouble:
            if cached is None:
                raise
            return cached
        self._note(sha256, exists=stored is not None)
        return None if stored is None else cached or stored

    async def _copy(self, sha256: str) -> bool:
        """Copy a blob to the cache, unless it is larger than expected; return whether the store has it."""
        size = 0
        try:
            async with aclosing(self.read(sha256)) as chunks:
                async for chunk in chunks:
                    size += len(chunk)
                    if size > _SMALL:
                        break
        except KeyError:
            self._note(sha256, exists=False)
            return False
        self._note(sha256, exists=True)
        return True

    async def _marked(self, sha256: str) -> None:
        with suppress(StoreTrouble):  # a store that is readable but not writable can still serve
            await self._store.touch(sha256)

    def _is_known(self, sha256: str) -> bool:
        """Return whether the store was seen to have a blob a short time ago."""
        seen = self._seen.get(sha256)
        return seen is not None and self._clock() - seen < _KNOWN

    def _note(self, sha256: str, *, exists: bool) -> None:
        """Remember that the store has a blob now, or forget it."""
        if exists:
            self._seen.put(sha256, self._clock(), 1)
        else:
            self._seen.drop(sha256)

    async def _cached(self, sha256: str) -> BlobIdentity | None:
        """Return the identity of the copy in the cache; ``None`` if there is none."""
        try:
            return await self._cache.identity(sha256)
        except StoreTrouble:
            return None

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
            self._note(sha256, exists=False)
            await self._cache.repair(sha256)
        return removed

    async def repair(self, sha256: str) -> bool:
        """See :meth:`reqpi.core.interfaces.Blobs.repair`. The cache comes first: reads come from it where it can."""
        self._note(sha256, exists=False)
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
