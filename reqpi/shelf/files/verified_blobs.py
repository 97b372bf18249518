"""Blobs of which no byte is believed before the whole was hashed: once for each process and identity of the blob.

Anyone who can write to the store, or to the cache on this machine's disk, can replace the bytes of a file. So the store
is asked for the identity of a blob, which changes whenever the bytes do; and only bytes of an identity that was hashed
here are used. A large file that is read from beginning to end is hashed while it is sent, and its last bytes are held
until the digest is known to be right, as in a download.
"""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncGenerator
from contextlib import aclosing
from functools import partial
from typing import BinaryIO

from twisted.logger import Logger

from reqpi.core.errors import StoreTrouble
from reqpi.core.interfaces import BlobIdentity, Blobs
from reqpi.runtime.counts import ServerCounts
from reqpi.runtime.lru import LruCache
from reqpi.runtime.singleflight import SingleFlight
from reqpi.shelf.files.hashing import is_right

__all__ = ["AT_LENGTH", "HELD_BACK", "VerifiedBlobs"]

HELD_BACK = 1 << 16
"""Bytes at the end of a file that no reader gets before the digest of the whole is verified."""

AT_LENGTH = 1 << 22
"""Size in bytes from which a file is sent while it is fetched or hashed. A smaller one is ready soon, and its readers
wait for it: if it is wrong, they can be sent an error in place of it."""

_IDENTITIES = 30_000
"""Blobs whose verified identity is remembered: some 400 bytes each."""

_ATTEMPTS = 5
"""Attempts to verify a blob. Each fails only if the blob is replaced, or its use recorded, at the same time."""

_log = Logger()


class VerifiedBlobs:
    """The blobs of a store, each verified before it is used.

    :param counts: counts those that are wrong.
    """

    def __init__(self, store: Blobs, counts: ServerCounts | None = None) -> None:
        self._store = store
        self._counts = counts or ServerCounts()
        self._verified: LruCache[str, BlobIdentity] = LruCache(_IDENTITIES)
        self._hashing: SingleFlight[bool] = SingleFlight()

    def is_verified(self, sha256: str, identity: BlobIdentity) -> bool:
        """Return whether the bytes of a blob with this identity are known to be right."""
        return self._verified.get(sha256) == identity

    async def identity(self, sha256: str) -> BlobIdentity | None:
        """Return the identity of a blob, whose bytes may be wrong; see :meth:`reqpi.core.interfaces.Blobs.identity`."""
        return await self._store.identity(sha256)

    async def verified(self, sha256: str, identity: BlobIdentity | None = None) -> BlobIdentity | None:
        """Return the identity of a blob whose bytes are right; ``None`` if the store does not have it.

        A blob with wrong bytes is removed, and is then one that the store does not have.

        :param identity: that of the blob, if the caller has just asked for it.
        :raises reqpi.core.errors.StoreTrouble: the blob cannot be read or removed, or is replaced again and again.
        """
        for _ in range(_ATTEMPTS):
            identity = identity or await self._store.identity(sha256)
            if identity is None:
                return None
            if await self._hashing.do((sha256, identity), partial(self._check, sha256, identity)):
                return identity
            identity = None
        raise StoreTrouble("a file in the store keeps changing", "Try again in a moment.")

    async def _check(self, sha256: str, identity: BlobIdentity) -> bool:
        """Return whether a blob with this identity is right. If its bytes are wrong, remove it."""
        if self.is_verified(sha256, identity):
            return True
        try:
            right = await is_right(self._store, sha256, identity=identity)
        except KeyError:
            return False
        if not right:
            await self.repair(sha256, identity.size)
            return False
        return await self._remember(sha256, identity)

    async def read(
        self, sha256: str, start: int = 0, stop: int | None = None, identity: BlobIdentity | None = None
    ) -> AsyncGenerator[bytes, None]:
        """Yield verified bytes; see :meth:`reqpi.core.interfaces.Blobs.read`.

        The bytes of a large blob that is read from beginning to end are not verified until the generator ends, except
        that the last :data:`HELD_BACK` are not yielded before.

        :param identity: that of the blob, if the caller has just asked for it.
        :raises reqpi.core.errors.StoreTrouble: the store does not have the blob, or only wrong bytes, which were
            removed. That may turn out before the first piece, or before the last.
        """
        for _ in range(_ATTEMPTS):
            identity = identity or await self._store.identity(sha256)
            if identity is None:
                raise StoreTrouble("a file was damaged in the store, or is gone", "Try again in a moment.")
            try:
                async with aclosing(self._of_identity(sha256, start, stop, identity)) as pieces:
                    async for piece in pieces:
                        yield piece
            except KeyError:
                identity = None
            else:
                return
        raise StoreTrouble("a file in the store keeps changing", "Try again in a moment.")

    async def _of_identity(
        self, sha256: str, start: int, stop: int | None, identity: BlobIdentity
    ) -> AsyncGenerator[bytes, None]:
        """Yield verified bytes of a blob with this identity.

        :raises KeyError: the blob does not have it any more; raised before the first piece.
        """
        whole = start == 0 and (stop is None or stop >= identity.size)
        meanwhile = whole and identity.size >= AT_LENGTH and not self.is_verified(sha256, identity)
        if not meanwhile and not await self._hashing.do((sha256, identity), partial(self._check, sha256, identity)):
            raise KeyError(sha256)
        read = (
            self._hashed_meanwhile(sha256, identity) if meanwhile else self._store.read(sha256, start, stop, identity)
        )
        async with aclosing(read) as pieces:
            async for piece in pieces:
                yield piece

    async def _hashed_meanwhile(self, sha256: str, identity: BlobIdentity) -> AsyncGenerator[bytes, None]:
        """Yield a whole blob while it is hashed, and its last :data:`HELD_BACK` bytes only if it is right.

        It is hashed once for all of its readers, at full speed: later readers do not wait for slow ones.
        """
        held, size = deque[bytes](), 0
        checked = self._hashing.do((sha256, identity), partial(self._check, sha256, identity))
        try:
            async with aclosing(self._store.read(sha256, identity=identity)) as pieces:
                async for piece in pieces:
                    held.append(piece)
                    size += len(piece)
                    while size - len(held[0]) >= HELD_BACK:
                        size -= len(held[0])
                        yield held.popleft()
            if not await checked:
                raise StoreTrouble("a file is damaged in the store", "It was removed. Try again in a moment.")
        finally:
            checked.addErrback(lambda _: None)  # the reader may have gone
        while held:
            yield held.popleft()

    async def _remember(self, sha256: str, identity: BlobIdentity) -> bool:
        """Remember that a blob was right, unless it has another identity now; return whether it still has this one."""
        try:
            async for _ in self._store.read(sha256, 0, 0, identity):
                pass
        except KeyError:
            return False
        if identity.settled:
            self._verified.put(sha256, identity, 1)
        return True

    async def local(self, sha256: str, identity: BlobIdentity) -> BinaryIO | None:
        """Return a blob as an open file, if it has this identity, and the identity is verified."""
        return await self._store.local(sha256, identity) if self.is_verified(sha256, identity) else None

    async def repair(self, sha256: str, size: int) -> None:
        """Remove a blob whose bytes were found to be wrong: the next request fetches it from the upstream."""
        _log.critical("{sha256} is damaged in the store: {size} bytes; removing it", sha256=sha256, size=size)
        self._counts.damaged("file")
        self._verified.drop(sha256)
        await self._store.repair(sha256)
