"""A store with one file that is as long as it says, and reads as a test wants."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncGenerator, Callable

from reqpi.core.interfaces import BlobIdentity
from reqpi.storage.memory import MemoryStore

__all__ = ["PIECE", "LongStore"]

PIECE = bytes(range(256)) * 256
"""What a long file consists of, over and over: 64 KiB."""


class LongStore(MemoryStore):
    """It has a file of ``length`` pieces, without holding it.

    :ivar pulled: bytes that were read of it.
    :ivar readings: how many are under way.
    :ivar before: called with the number of each piece before it is read: what it raises, the reading raises.
    :ivar given: pieces that there are in fact.
    """

    length = 800

    def __init__(self, clock: Callable[[], float]) -> None:
        super().__init__(clock)
        self.pulled = 0
        self.readings = 0
        self.given = self.length
        self.before: Callable[[int], None] = lambda number: None
        whole = hashlib.sha256()
        for _ in range(self.length):
            whole.update(PIECE)
        self.sha256 = whole.hexdigest()

    @property
    def bytes(self) -> int:
        return self.length * len(PIECE)

    async def size(self, sha256: str) -> int | None:
        return self.bytes if sha256 == self.sha256 else await super().size(sha256)

    async def identity(self, sha256: str) -> BlobIdentity | None:
        return BlobIdentity(self.bytes, "long") if sha256 == self.sha256 else await super().identity(sha256)

    async def read(
        self, sha256: str, start: int = 0, stop: int | None = None, identity: BlobIdentity | None = None
    ) -> AsyncGenerator[bytes, None]:
        if sha256 != self.sha256:
            async for piece in super().read(sha256, start, stop, identity):
                yield piece
            return
        self.readings += 1
        try:
            for number in range(self.given):
                self.before(number)
                self.pulled += len(PIECE)
                yield PIECE
        finally:
            self.readings -= 1
