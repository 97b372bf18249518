"""A proxy on loopback that passes bytes on unchanged, sees the head of each request, and may delay requests."""

from __future__ import annotations

import re
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from itertools import count
from queue import SimpleQueue
from typing import Self

__all__ = ["Passing"]

_LENGTH = re.compile(rb"\r\ncontent-length:\s*(\d+)", re.IGNORECASE)


class Passing:
    """A context manager that listens on loopback while it is entered.

    :param port: of the server behind it, on loopback.
    :param seen: called in a thread with the number of a connection and the head of a request on it.
    :param delay: seconds until each piece of a request is passed on, as on a network.
    :ivar url: its own URL, without a slash at the end.
    """

    def __init__(self, port: int, seen: Callable[[int, bytes], None] = lambda *_: None, delay: float = 0.0) -> None:
        self._behind, self._seen, self._delay = ("127.0.0.1", port), seen, delay
        self._listening = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.url = f"http://127.0.0.1:{self._listening.getsockname()[1]}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listening.close()

    def _accept(self) -> None:
        with suppress(OSError):
            for number in count():
                client, _ = self._listening.accept()
                server = socket.create_connection(self._behind)
                for each in (client, server):
                    each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                late: SimpleQueue[tuple[float, bytes]] = SimpleQueue()
                for work, given in (
                    (self._requests, (number, client, late)),
                    (_send, (late, server)),
                    (_pass_on, (server, client)),
                ):
                    threading.Thread(target=work, args=given, daemon=True).start()

    def _requests(self, number: int, client: socket.socket, late: SimpleQueue[tuple[float, bytes]]) -> None:
        heads = _Heads()
        with suppress(OSError):
            while came := client.recv(1 << 18):
                for head in heads.of(came):
                    self._seen(number, head)
                late.put((time.monotonic() + self._delay, came))
        late.put((0.0, b""))


class _Heads:
    """Finds the heads of requests in what a client sends."""

    def __init__(self) -> None:
        self._head, self._body = b"", 0

    def of(self, came: bytes) -> list[bytes]:
        """Return the heads that are complete with these bytes."""
        found = []
        while came:
            if self._body:
                came, self._body = came[self._body :], max(self._body - len(came), 0)
                continue
            head, end, came = (self._head + came).partition(b"\r\n\r\n")
            self._head = b"" if end else head
            if end:
                found.append(head)
                length = _LENGTH.search(head)
                self._body = int(length[1]) if length else 0
        return found


def _send(late: SimpleQueue[tuple[float, bytes]], server: socket.socket) -> None:
    with suppress(OSError):
        while True:
            due, came = late.get()
            if not came:
                break
            time.sleep(max(due - time.monotonic(), 0.0))
            server.sendall(came)
        server.shutdown(socket.SHUT_WR)


def _pass_on(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while came := source.recv(1 << 18):
            sink.sendall(came)
        sink.shutdown(socket.SHUT_WR)
