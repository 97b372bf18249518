"""Responses in memory that clients do not read: how many bytes of them there may be."""

from __future__ import annotations

from typing import Any, Protocol

from attrs import define, field

from reqpi.core.limits.limit import Limit
from reqpi.core.limits.networks import network_of

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

    def remove(self, reader: Reader) -> int:
        """Forget a connection; return its bytes."""
        size = self.sizes.pop(reader, 0)
        self.bytes -= size
        return size

    @property
    def longest(self) -> Reader:
        """The connection that has waited for longest."""
        return next(iter(self.sizes))


class Unread:
    """The connections whose clients have more to read than the system's buffers take.

    Where there are too many bytes, a connection is cut of the client that has most of them: the one that has waited for
    longest. One client may have half of the bytes.

    :param most: bytes in total; 0 for any number.
    """

    def __init__(self, most: int = 0) -> None:
        self.most = most
        self.bytes = 0
        """Bytes that wait."""

        self._of_clients: dict[str, _Waiting] = {}

    def waits(self, reader: Reader, host: str, size: int) -> None:
        """Note that a client has so many bytes to read.

        :param host: its network address.
        """
        if not self.most:
            return
        self.has_read(reader, host)
        own = self._of_clients.setdefault(network_of(host), _Waiting())
        own.add(reader, size)
        self.bytes += size
        while own.bytes > self.most // 2:
            own.longest.cut(Limit.UNREAD)
        while self.bytes > self.most:
            max(self._of_clients.values(), key=lambda each: each.bytes).longest.cut(Limit.UNREAD)

    def has_read(self, reader: Reader, host: str) -> None:
        """Note that a client has read everything, or is gone: :meth:`Reader.cut` calls this too."""
        client = network_of(host)
        own = self._of_clients.get(client)
        if own is None:
            return
        self.bytes -= own.remove(reader)
        if not own.sizes:
            self._of_clients.pop(client)


def unsent(transport: Any) -> int:
    """Return the bytes that wait in a transport of Twisted, for TLS also those that are not encrypted yet."""
    waiting = sum(map(len, getattr(transport, "_appSendBuffer", ())))
    below = getattr(transport, "transport", None)
    socket = transport if below is None else below
    return int(waiting + len(getattr(socket, "dataBuffer", b"")) + getattr(socket, "_tempDataLen", 0))
