"""Responses in memory that clients do not read: how many bytes of them there may be."""

from __future__ import annotations

from typing import Any, Protocol

from attrs import define, field

from reqpi.core.limits.limit import Limit

__all__ = ["Unread", "unsent"]


class Reader(Protocol):
    """A connection whose client should read."""

    def cut(self, limit: Limit) -> None:
        """Close it, without what was not sent."""


@define
class _Waiting:
    """Connections that wait for their clients, first the one that has waited for longest, each with its bytes."""

    sizes: dict[Reader, int] = field(factory=dict)
    bytes: int = 0

    def add(self, reader: Reader, size: int) -> None:
        self.sizes[reader] = size
        self.bytes += size

    def remove(self, reader: Reader) -> None:
        self.bytes -= self.sizes.pop(reader, 0)


class Unread:
    """The connections whose clients have more to read than the system's buffers take.

    Where there are too many bytes, the connection that has waited for longest is cut. One client may have half of the
    bytes, so that it cannot have those of others cut.

    :param most: bytes in total; 0 for any number.
    """

    def __init__(self, most: int = 0) -> None:
        self.most = most
        self._all = _Waiting()
        self._of_clients: dict[str, _Waiting] = {}

    @property
    def bytes(self) -> int:
        """Bytes that wait."""
        return self._all.bytes

    def waits(self, reader: Reader, client: str, size: int) -> None:
        """Note that a client has so many bytes to read."""
        if not self.most:
            return
        self.has_read(reader, client)
        own = self._of_clients.setdefault(client, _Waiting())
        own.add(reader, size)
        self._all.add(reader, size)
        while own.bytes > self.most // 2:
            next(iter(own.sizes)).cut(Limit.UNREAD)
        while self._all.bytes > self.most:
            next(iter(self._all.sizes)).cut(Limit.UNREAD)

    def has_read(self, reader: Reader, client: str) -> None:
        """Note that a client has read everything, or is gone: :meth:`Reader.cut` calls this too."""
        own = self._of_clients.get(client)
        if own is None:
            return
        self._all.remove(reader)
        own.remove(reader)
        if not own.sizes:
            self._of_clients.pop(client)


def unsent(transport: Any) -> int:
    """Return the bytes that wait in a transport of Twisted, for TLS also those that are not encrypted yet."""
    waiting = sum(map(len, getattr(transport, "_appSendBuffer", ())))
    below = getattr(transport, "transport", None)
    socket = transport if below is None else below
    return int(waiting + len(getattr(socket, "dataBuffer", b"")) + getattr(socket, "_tempDataLen", 0))
