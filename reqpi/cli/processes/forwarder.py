"""Connections to a sealed child's listening sockets, forwarded to places outside: its only way out.

The sockets belong to the child's network namespace, and this process accepts their connections. So no process inside
forwards anything, and nothing inside can choose another destination.
"""

from __future__ import annotations

import socket
import struct
from contextlib import suppress
from threading import BoundedSemaphore, Event, Thread
from types import TracebackType
from typing import NamedTuple, Self

__all__ = ["Forwarder", "Opening"]

_MOST = 100
"""The maximum number of connections at a time. Further ones wait until one ends. uv opens 50."""

_PART = 1 << 18
"""Bytes that are read at a time."""

_PAUSE = 0.1
"""Seconds after a connection could not be accepted, for example because this process has too many open files."""

_TO_CONNECT = 10.0
"""Seconds."""

_RESET = struct.pack("ii", 1, 0)
"""The value of SO_LINGER with which a close is a reset, so that the other side does not take a part for the whole."""


class Opening(NamedTuple):
    """A way out of a sealed child.

    :param host: the address inside, of loopback.
    :param port: the port inside.
    :param outside: the host and the port outside to which its connections are forwarded.
    """

    host: str
    port: int
    outside: tuple[str, int]


class Forwarder:
    """Threads that accept and forward connections until the block ends."""

    def __init__(self) -> None:
        self._free = BoundedSemaphore(_MOST)
        self._closed = Event()
        self._listeners: list[socket.socket] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closed.set()
        for listener in self._listeners:
            with suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)  # a thread that waits in accept() does not notice a close()
            listener.close()

    def forward(self, listener: socket.socket, outside: tuple[str, int]) -> None:
        """Forward the connections to ``listener``, which is closed at the end."""
        self._listeners.append(listener)
        Thread(target=self._accept, args=(listener, outside), name="forwarder", daemon=True).start()

    def _accept(self, listener: socket.socket, outside: tuple[str, int]) -> None:
        while not self._closed.is_set():
            self._free.acquire()
            try:
                inner = listener.accept()[0]
                Thread(target=self._connect, args=(inner, outside), name="forwarded", daemon=True).start()
            except (OSError, RuntimeError):  # RuntimeError: no more threads
                self._free.release()
                self._closed.wait(_PAUSE)

    def _connect(self, inner: socket.socket, outside: tuple[str, int]) -> None:
        """Forward one connection in both directions until both have ended."""
        try:
            with inner:
                try:
                    outer = socket.create_connection(outside, _TO_CONNECT)
                except OSError:
                    _reset(inner)
                    return
                with outer:
                    outer.settimeout(None)
                    _both_ways(inner, outer)
        finally:
            self._free.release()


def _both_ways(inner: socket.socket, outer: socket.socket) -> None:
    for each in (inner, outer):
        each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    back = Thread(target=_copy, args=(outer, inner), name="forwarded back", daemon=True)
    back.start()
    _copy(inner, outer)
    back.join()


def _copy(source: socket.socket, sink: socket.socket) -> None:
    """Copy until ``source`` ends, and then end that direction of ``sink``. An error resets both connections."""
    part = memoryview(bytearray(_PART))
    try:
        while size := source.recv_into(part):
            sink.sendall(part[:size])
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        _reset(source)
        _reset(sink)


def _reset(connection: socket.socket) -> None:
    """Have the close of ``connection`` be a reset, and wake a thread that reads from it."""
    with suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        connection.shutdown(socket.SHUT_RD)
