"""Hashing of stored files: whether the bytes of a blob are right, read at full speed or within a rate limit."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable

from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater

from reqpi.core.interfaces import BlobIdentity, Blobs

__all__ = ["Pace", "RateLimit", "at_full_speed", "is_right"]

Pace = Callable[[int], Awaitable[None]]
"""Called with the number of bytes that were read; may delay the reader."""


class RateLimit:
    """A limit on the bytes read a second, on average.

    :param bytes_per_second: at least 1.
    """

    def __init__(self, bytes_per_second: float, clock: IReactorTime) -> None:
        self._rate = bytes_per_second
        self._clock = clock
        self._due = clock.seconds()

    async def __call__(self, size: int) -> None:
        """Wait until ``size`` more bytes may have been read."""
        now = self._clock.seconds()
        self._due = max(self._due, now) + size / self._rate
        if self._due > now:
            await deferLater(self._clock, self._due - now)


async def at_full_speed(_: int) -> None:
    """Return without waiting."""


async def is_right(blobs: Blobs, sha256: str, pace: Pace = at_full_speed, identity: BlobIdentity | None = None) -> bool:
    """Return whether the bytes of a blob have the sha256 that is its name.

    :param pace: called with the length of each piece; may delay the reading.
    :param identity: that of the blob to hash; ``None``: of any.
    :raises KeyError: the blob is not in the store, or not with that identity.
    """
    computed = hashlib.sha256()
    async for piece in blobs.read(sha256, identity=identity):
        computed.update(piece)
        await pace(len(piece))
    return computed.hexdigest() == sha256
