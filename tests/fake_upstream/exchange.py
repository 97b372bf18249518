"""One request to the tests' upstream, and the means to answer it well or badly."""

from __future__ import annotations

import os
import socket
import struct
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler
from threading import Event

from attrs import field, frozen

__all__ = ["Answer", "Exchange", "Gone", "Request"]


class Gone(Exception):
    """The connection has ended: nothing more can be sent on it."""


@frozen
class Request:
    """The request of a client.

    :param headers: their names in lower case.
    """

    method: str
    path: str
    headers: Mapping[str, str] = field(factory=dict)


@frozen
class Answer:
    """The answer of a healthy index."""

    status: int
    headers: Mapping[str, str] = field(factory=dict)
    body: bytes = b""


@frozen(eq=False)
class Exchange:
    """One request, its right answer, and the means for a fault to answer otherwise.

    :param count: which request this is for this fault: 1, 2, ….
    :param closing: set when the upstream is being closed: whoever waits, stops.
    """

    request: Request
    answer: Answer
    count: int
    closing: Event
    _handler: BaseHTTPRequestHandler

    def give(self, answer: Answer) -> None:
        """Send the whole right answer."""
        self.head(answer)
        self.write(answer.body)

    def head(self, answer: Answer, length: int | None = None, chunked: bool = False) -> None:
        """Send status and headers.

        :param length: to claim, where it is not that of the body.
        """
        handler = self._handler
        handler.send_response(answer.status)
        for name, value in answer.headers.items():
            handler.send_header(name, value)
        if chunked:
            handler.send_header("Transfer-Encoding", "chunked")
        elif answer.status != 304:
            handler.send_header("Content-Length", str(len(answer.body) if length is None else length))
        handler.end_headers()

    def write(self, data: bytes) -> None:
        """Send a part of the body, at once.

        :raises Gone: the client went away.
        """
        if self.request.method == "HEAD" or not data:
            return
        try:
            self._handler.wfile.write(data)
        except (OSError, ValueError) as error:
            raise Gone from error

    def end(self) -> None:
        """Close the connection cleanly, whatever the headers promised."""
        self._handler.close_connection = True
        raise Gone

    def reset(self) -> None:
        """Close it with a TCP reset: the client loses even what it has not read yet."""
        connection = self._handler.connection
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        # Detached first: socketserver would send a FIN before.
        os.close(connection.detach())
        self.end()

    def wait(self, event: Event) -> None:
        """Do nothing until ``event``, or until the upstream closes.

        :raises Gone: it closes.
        """
        event.wait()
        if self.closing.is_set():
            self.end()
