"""Reading an object at the pace of its reader, although the store may cut connections that are idle."""

from __future__ import annotations

from collections.abc import Iterator

from reqpi.core.errors import StoreTrouble
from reqpi.core.interfaces import BlobIdentity
from reqpi.runtime.fair_share import FairShare
from reqpi.storage.objects.client import ObjectClient

__all__ = ["PIECE", "ObjectReader"]

PIECE = 128 * 1024
"""The most bytes of each piece."""

_ATTEMPTS = 3
"""How often the same byte is requested."""


class ObjectReader:
    """A reader of an object's bytes from ``start`` to ``stop``: one stream, and a new one whenever it breaks off.

    All methods block, and only one thread may use a reader at a time.

    :param start: at least 0.
    :param stop: at least 0; ``None`` for the end of the object.
    :param bites: how much one stream requests if memory is scarce: each stream holds some MiB that are not yet read.
    :param identity: the identity of the object to read; ``None``: of any.
    :raises KeyError: the object does not exist, or has another identity.
    """

    def __init__(
        self,
        objects: ObjectClient,
        key: str,
        start: int = 0,
        stop: int | None = None,
        bites: FairShare | None = None,
        *,
        identity: BlobIdentity | None = None,
    ) -> None:
        self._objects = objects
        self._key = key
        self._bites = bites or FairShare()
        self._identity = identity
        self._position = start
        self._chunks: Iterator[bytes] | None = None
        self._rest = memoryview(b"")
        if start or stop is not None or self._bites.is_scarce:
            # Stores answer with an error if the range contains nothing of the object.
            found = objects.look(key)
            if found is None or identity not in (None, found.identity):
                raise KeyError(key)
            self._identity = found.identity
            self._end = found.size if stop is None else min(stop, found.size)
        else:
            opened = objects.streamed(key, 0, None, identity)
            if opened is None:
                raise KeyError(key)
            self._end, self._chunks = opened

    def piece(self) -> bytes:
        """Return the next bytes, at most :data:`PIECE`; empty at the end.

        :raises reqpi.core.errors.StoreTrouble: three attempts to get the next byte failed.
        """
        if not self._rest and self._position < self._end:
            self._rest = memoryview(self._chunk())[: self._end - self._position]
        piece, self._rest = self._rest[:PIECE], self._rest[PIECE:]
        self._position += len(piece)
        return bytes(piece)

    def close(self) -> None:
        """Release the connection."""
        self._chunks = None

    def _chunk(self) -> bytes:
        """Return some bytes from the current stream, or from a new one that begins where that broke off."""
        failure = StoreTrouble("a file in the store became shorter", "It ended before all its bytes were read.")
        for _ in range(_ATTEMPTS):
            try:
                if self._chunks is None:
                    self._chunks = self._resumed()
                if chunk := self._objects.following(self._chunks):
                    return chunk
            except StoreTrouble as trouble:
                failure = trouble
            self._chunks = None
        raise failure

    def _resumed(self) -> Iterator[bytes]:
        end = min(self._end, self._position + self._bites.size) if self._bites.is_scarce else self._end
        opened = self._objects.streamed(self._key, self._position, end, self._identity)
        if opened is None:
            raise StoreTrouble("a file in the store is gone", "It was removed while it was read. Try again.")
        return opened[1]
