"""Many clients at once that ask for the pages of a lock as uv does: all at the same time, on connections of their own.

uv asks for up to fifty things at once, and each request in flight has a connection. A client here opens as many, sends
one request on each, and asks for the next page on a connection when it is free.
"""

from __future__ import annotations

import selectors
import socket
import time
from collections.abc import Sequence
from urllib.parse import urlsplit

from attrs import define, field, frozen

from benchmarks.machine import on_load_core

__all__ = ["AT_ONCE", "Crowd", "crowd"]

AT_ONCE = 50
_LONGEST = 60.0


@frozen
class Crowd:
    """What a crowd of clients saw.

    :param pages: seconds from the time that a client wanted a page to its last byte, connecting included.
    :param seconds: until the last client had its last page.
    :param errors: what went wrong, at most ten of them.
    :param failed: how many pages were not received.
    """

    pages: list[float]
    seconds: float
    errors: list[str]
    failed: int


@define(eq=False)
class _Connection:
    socket: socket.socket
    waiting: list[bytes]
    request: bytes = b""
    began: float = 0.0
    received: bytearray = field(factory=bytearray)
    connected: bool = False

    def next(self) -> None:
        """Take the next request of the client, and send it if the connection is there."""
        self.request, self.began = self.waiting.pop(), time.perf_counter()
        self.received.clear()
        if self.connected:
            self.socket.sendall(self.request)

    @property
    def is_whole(self) -> bool:
        """Whether a response is complete."""
        head, end, body = self.received.partition(b"\r\n\r\n")
        if not end:
            return False
        place = head.lower().find(b"\r\ncontent-length:")
        return place >= 0 and len(body) >= int(head[place + 17 :].split(b"\r\n", 1)[0])


def crowd(pages: Sequence[str], headers: bytes, clients: int) -> Crowd:
    """Let this many clients ask for all pages, each page once, beginning at the same time.

    :param headers: lines that each request has after its first line and ``Host``, each with its line end.
    """
    place = urlsplit(pages[0])
    requests = [
        b"GET %s HTTP/1.1\r\nHost: %s\r\n%s\r\n" % (urlsplit(page).path.encode(), place.netloc.encode(), headers)
        for page in pages
    ]
    with on_load_core(), selectors.EpollSelector() as selector:
        began = time.perf_counter()
        connections = [
            _opened(selector, (place.hostname or "", place.port or 80), waiting)
            for waiting in ([*requests] for _ in range(clients))
            for _ in range(min(AT_ONCE, len(requests)))
        ]
        return _run(selector, connections, began, clients * len(requests))


def _opened(selector: selectors.EpollSelector, place: tuple[str, int], waiting: list[bytes]) -> _Connection:
    made = socket.socket()
    made.setblocking(False)
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    made.connect_ex(place)
    connection = _Connection(made, waiting)
    connection.next()
    selector.register(made, selectors.EVENT_WRITE, connection)
    return connection


def _run(selector: selectors.EpollSelector, connections: list[_Connection], began: float, count: int) -> Crowd:
    took: list[float] = []
    errors: list[str] = []
    open_ones = len(connections)
    while open_ones and time.perf_counter() - began < _LONGEST:
        for key, _ in selector.select(1.0):
            connection: _Connection = key.data
            try:
                goes_on = _moved(selector, connection, took)
            except OSError as error:
                goes_on = False
                errors.append(str(error))
            if not goes_on:
                selector.unregister(connection.socket)
                open_ones -= 1
    seconds = time.perf_counter() - began
    for connection in connections:
        connection.socket.close()
    return Crowd(took, seconds, errors[:10], count - len(took))


def _moved(selector: selectors.EpollSelector, connection: _Connection, took: list[float]) -> bool:
    """Go on with a connection on which something happened; return whether there is more to do.

    :raises OSError: the connection failed, or the response is not 200.
    """
    if not connection.connected:
        if error := connection.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
            raise OSError(error, "connecting failed")
        connection.connected = True
        connection.socket.sendall(connection.request)
        selector.modify(connection.socket, selectors.EVENT_READ, connection)
        return True
    came = connection.socket.recv(1 << 16)
    connection.received += came
    if connection.is_whole:
        if connection.received[9:12] != b"200":
            raise OSError(f"the response is {bytes(connection.received[:30])!r}")
        took.append(time.perf_counter() - connection.began)
        if not connection.waiting:
            return False
        connection.next()
    elif not came:
        raise OSError("the server closed the connection")
    return True
