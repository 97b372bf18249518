"""Reading an object at the pace of whoever wants it, though the store may cut connections that stand still."""

from __future__ import annotations

from collections.abc import Iterator

from reqpi.core.errors import StoreTrouble
from reqpi.runtime.fair_share import FairShare
from reqpi.storage.objects.client import ObjectClient

__all__ = ["PIECE", "ObjectReader"]

PIECE = 128 * 1024
"""Bytes, at most, of each piece."""

_ATTEMPTS = 3
"""How often the same byte is asked for."""


class ObjectReader:
    """The bytes of an object from ``start`` up to ``stop``, or the end: one stream, and another where it breaks off.

    All methods block, and one thread uses it at a time.

    :param start: at least 0.
    :param stop: at least 0; ``None``: the end.
    :param bites: what one stream is asked for where they are scarce: each holds some MiB of what nobody has read yet.
    :raises KeyError: the object is not here.
    """

    def __init__(
        self, objects: ObjectClient, key: str, start: int = 0, stop: int | None = None, bites: FairShare | None = None
    ) -> None:
        self._objects = objects
        self._key = key
        self._bites = bites or FairShare()
        self._position = start
        self._chunks: Iterator[bytes] | None = None
        self._rest = memoryview(b"")
        if start or stop is not None or self._bites.is_scarce:
            # Stores answer with an error where nothing of the object is in the range.
            found = objects.look(key)
            if found is None:
                raise KeyError(key)
            self._end = found.size if stop is None else min(stop, found.size)
        else:
            opened = objects.streamed(key, 0, None)
            if opened is None:
                raise KeyError(key)
            self._end, self._chunks = opened

    def piece(self) -> bytes:
        """The next bytes, :data:`PIECE` at most; empty at the end.

        :raises reqpi.core.errors.StoreTrouble: no more come, however often they are asked for.
        """
        if not self._rest and self._position < self._end:
            self._rest = memoryview(self._chunk())[: self._end - self._position]
        piece, self._rest = self._rest[:PIECE], self._rest[PIECE:]
        self._position += len(piece)
        return bytes(piece)

    def close(self) -> None:
        """Let the connection go."""
        self._chunks = None

    def _chunk(self) -> bytes:
        """Some bytes, from the stream that there is or from another one that begins where it broke off."""
        failure = StoreTrouble("a file in the store became shorter", "It ends before its end.")
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
        opened = self._objects.streamed(self._key, self._position, end)
        if opened is None:
            raise StoreTrouble("a file in the store is gone", "It was removed while it was read. Ask again.")
        return opened[1]
