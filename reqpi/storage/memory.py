"""A store in memory, for tests and for an index that need not outlast its process."""

from __future__ import annotations

import math
import time
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import suppress

from reqpi.core.errors import StoreTrouble
from reqpi.core.interfaces import BlobIdentity
from reqpi.storage.names import checked_name, checked_prefix, checked_sha256

__all__ = ["MemoryIncoming", "MemoryStore"]

_PIECE = 1024 * 1024


class MemoryStore:
    """A :class:`reqpi.core.interfaces.Store` that keeps everything in this process.

    Its content outlasts :meth:`close`: the same object still has it when it is opened again.

    :param clock: seconds since the epoch.
    """

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._blobs: dict[str, bytes] = {}
        self._records: dict[str, bytes] = {}
        # For each prefix, the names of the records below it, in the order of their creation.
        self._below: dict[str, dict[str, None]] = {}
        self._claimed: set[str] = set()
        self._blob_used: dict[str, float] = {}
        self._record_used: dict[str, float] = {}

    def open(self) -> None:
        """Do nothing: there is nothing to prepare."""

    async def close(self) -> None:
        """Do nothing: there is nothing to release."""

    # Blobs

    async def size(self, sha256: str) -> int | None:
        """See :meth:`reqpi.core.interfaces.Blobs.size`."""
        blob = self._blobs.get(checked_sha256(sha256))
        return None if blob is None else len(blob)

    async def sizes(self, *sha256s: str) -> dict[str, int | None]:
        """See :meth:`reqpi.core.interfaces.Blobs.sizes`."""
        return {sha256: await self.size(sha256) for sha256 in sha256s}

    async def identity(self, sha256: str) -> BlobIdentity | None:
        """See :meth:`reqpi.core.interfaces.Blobs.identity`. Python computes the hash of a ``bytes`` object once."""
        blob = self._blobs.get(checked_sha256(sha256))
        return None if blob is None else BlobIdentity(len(blob), hash(blob))

    async def identity_to_send(self, sha256: str, size: int | None) -> BlobIdentity | None:
        """See :meth:`reqpi.core.interfaces.Blobs.identity_to_send`."""
        with suppress(StoreTrouble):
            await self.touch(sha256)
        return await self.identity(sha256)

    async def read(
        self, sha256: str, start: int = 0, stop: int | None = None, identity: BlobIdentity | None = None
    ) -> AsyncGenerator[bytes, None]:
        """See :meth:`reqpi.core.interfaces.Blobs.read`."""
        if start < 0 or (stop is not None and stop < 0):
            raise ValueError("start and stop must not be negative")
        blob = self._blobs[checked_sha256(sha256)]
        if identity is not None and identity != await self.identity(sha256):
            raise KeyError(sha256)
        end = len(blob) if stop is None else min(stop, len(blob))
        for position in range(start, end, _PIECE):
            yield blob[position : min(position + _PIECE, end)]

    async def begin(self) -> MemoryIncoming:
        """See :meth:`reqpi.core.interfaces.Blobs.begin`."""
        return MemoryIncoming(self._keep)

    async def claim(self, name: str) -> MemoryIncoming | None:
        """See :meth:`reqpi.core.interfaces.Blobs.claim`. No other process sees this store."""
        if checked_sha256(name) in self._claimed:
            return None
        self._claimed.add(name)
        return MemoryIncoming(self._keep, lambda: self._claimed.discard(name))

    async def follow(self, name: str) -> None:
        """See :meth:`reqpi.core.interfaces.Blobs.follow`."""
        checked_sha256(name)

    def _keep(self, sha256: str, blob: bytes) -> None:
        self._blobs.setdefault(sha256, blob)
        self._blob_used[sha256] = self._clock()

    async def touch(self, *sha256s: str) -> None:
        """See :meth:`reqpi.core.interfaces.Blobs.touch`."""
        for sha256 in sha256s:
            if checked_sha256(sha256) in self._blobs:
                self._blob_used[sha256] = self._clock()

    async def remove(self, sha256: str, unused_since: float) -> bool:
        """See :meth:`reqpi.core.interfaces.Blobs.remove`."""
        if checked_sha256(sha256) not in self._blobs or self._blob_used[sha256] > unused_since:
            return False
        del self._blobs[sha256], self._blob_used[sha256]
        return True

    async def repair(self, sha256: str) -> bool:
        """See :meth:`reqpi.core.interfaces.Blobs.repair`."""
        return await self.remove(sha256, math.inf)

    async def link(self, sha256: str, seconds: int) -> None:
        """See :meth:`reqpi.core.interfaces.Blobs.link`."""
        checked_sha256(sha256)

    async def local(self, sha256: str, identity: BlobIdentity | None = None) -> None:
        """See :meth:`reqpi.core.interfaces.Blobs.local`."""
        checked_sha256(sha256)

    async def all(self) -> AsyncGenerator[str, None]:
        """See :meth:`reqpi.core.interfaces.Blobs.all`."""
        for sha256 in list(self._blobs):
            yield sha256

    async def occupied(self) -> AsyncGenerator[int, None]:
        """See :meth:`reqpi.core.interfaces.Store.occupied`."""
        for value in [*self._blobs.values(), *self._records.values()]:
            yield len(value)

    # Records

    async def get(self, name: str) -> bytes | None:
        """See :meth:`reqpi.core.interfaces.Records.get`."""
        return self._records.get(checked_name(name))

    async def create(self, name: str, value: bytes) -> bytes:
        """See :meth:`reqpi.core.interfaces.Records.create`."""
        if checked_name(name) not in self._records:
            await self.replace(name, value)
        return self._records[name]

    async def replace(self, name: str, value: bytes) -> None:
        """See :meth:`reqpi.core.interfaces.Records.replace`."""
        self._records[checked_name(name)] = bytes(value)
        self._record_used[name] = self._clock()
        for prefix in _prefixes(name):
            self._below.setdefault(prefix, {})[name] = None

    async def delete(self, name: str, unused_since: float = math.inf) -> bool:
        """See :meth:`reqpi.core.interfaces.Records.delete`."""
        if checked_name(name) not in self._records or self._record_used[name] > unused_since:
            return False
        del self._records[name], self._record_used[name]
        for prefix in _prefixes(name):
            del self._below[prefix][name]
            if not self._below[prefix]:
                del self._below[prefix]
        return True

    async def names(self, prefix: str) -> AsyncGenerator[str, None]:
        """See :meth:`reqpi.core.interfaces.Records.names`."""
        for name in list(self._below.get(checked_prefix(prefix), ())):
            yield name

    async def use(self, name: str) -> bool:
        """See :meth:`reqpi.core.interfaces.Records.use`."""
        if checked_name(name) not in self._records:
            return False
        self._record_used[name] = self._clock()
        return True

    async def last_used(self, name: str) -> float | None:
        """See :meth:`reqpi.core.interfaces.Records.last_used`."""
        return self._record_used.get(checked_name(name))


def _prefixes(name: str) -> Iterator[str]:
    """Return every prefix of ``name`` that ends in a slash."""
    return (name[: place + 1] for place, character in enumerate(name) if character == "/")


class MemoryIncoming:
    """A :class:`reqpi.core.interfaces.Incoming` in this process."""

    def __init__(self, keep: Callable[[str, bytes], None], free: Callable[[], None] = lambda: None) -> None:
        self._keep = keep
        self._free = free
        self._data: bytearray | None = bytearray()
        self.size = 0

    def _held(self) -> bytearray:
        if self._data is None:
            raise ValueError("the incoming blob was discarded")
        return self._data

    async def write(self, data: bytes) -> None:
        """See :meth:`reqpi.core.interfaces.Incoming.write`."""
        self._held().extend(data)
        self.size += len(data)

    async def expect(self, size: int) -> None:
        """See :meth:`reqpi.core.interfaces.Incoming.expect`."""

    async def read(self, start: int, stop: int) -> bytes:
        """See :meth:`reqpi.core.interfaces.Incoming.read`."""
        if not 0 <= start <= stop <= self.size:
            raise ValueError("these bytes are not written yet")
        return bytes(memoryview(self._held())[start:stop])

    def local(self) -> None:
        """See :meth:`reqpi.core.interfaces.Incoming.local`. The bytes are in memory alone."""

    async def keep(self, sha256: str) -> None:
        """See :meth:`reqpi.core.interfaces.Incoming.keep`."""
        self._keep(checked_sha256(sha256), bytes(self._held()))
        self._release()

    async def discard(self) -> None:
        """See :meth:`reqpi.core.interfaces.Incoming.discard`."""
        self._data = None
        self._release()

    def _release(self) -> None:
        free, self._free = self._free, lambda: None
        free()
