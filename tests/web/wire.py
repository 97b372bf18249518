"""A client that says exactly the bytes it is told, and reads what comes back as :rfc:`9112` has it."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import TypeVar

from attrs import frozen
from twisted.internet.defer import Deferred
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure
from twisted.web.http_headers import Headers

__all__ = ["CutOff", "Reply", "Wire"]

_T = TypeVar("_T")

_BODYLESS = (204, 304)


class CutOff(Exception):
    """The connection ended before the response did."""


@frozen
class Reply:
    """One response.

    :param version: ``HTTP/1.1``.
    :param headers: as they came.
    :param body: without its framing.
    """

    version: str
    status: int
    reason: str
    headers: Headers
    body: bytes

    @property
    def without_id(self) -> tuple[int, str, Headers, bytes]:
        """All of it but its version and the id of the request, which each error has for itself."""
        headers = self.headers.copy()
        headers.removeHeader("X-Request-ID")
        return self.status, self.reason, headers, re.sub(rb', "request_id": "[0-9a-f]{16}"', b"", self.body)

    def __getitem__(self, name: str) -> str | None:
        """The value of a header that comes once at most."""
        values = self.headers.getRawHeaders(name, [])
        if len(values) > 1:
            raise AssertionError(f"{name} came {len(values)} times")
        return values[0] if values else None


class Wire(Protocol):
    """One connection.

    :ivar received: bytes that came and were not read yet.
    :ivar total: how many came in all.
    """

    def __init__(self) -> None:
        self.received = bytearray()
        self.total = 0
        self.over = False
        self.ended: Deferred[None] = Deferred()
        self._waiting: Deferred[None] | None = None

    def dataReceived(self, data: bytes) -> None:
        self.received += data
        self.total += len(data)
        self._wake()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self.over = True
        self._wake()
        self.ended.callback(None)

    def say(self, data: bytes) -> None:
        self.transport.write(data)

    async def until(self, there: Callable[[], _T | None]) -> _T:
        """What ``there`` says, once it says something.

        :raises CutOff: it never will.
        """
        while (found := there()) is None:
            if self.over:
                raise CutOff(self.received)
            self._waiting = Deferred()
            await self._waiting
        return found

    async def reply(self, method: str = "GET") -> Reply:
        """The next response, whole.

        :raises CutOff: it is not whole.
        """
        head = await self.until(self._head)
        status_line, *lines = head.decode("latin-1").split("\r\n")
        version, status, reason = status_line.split(" ", 2)
        headers = Headers()
        for line in lines:
            name, value = line.split(": ", 1)
            headers.addRawHeader(name, value)
        body = b""
        if method != "HEAD" and int(status) not in _BODYLESS:
            body = await self._body(headers)
        return Reply(version, int(status), reason, headers, body)

    def taking(self, count: int) -> Awaitable[bytes]:
        """The next ``count`` bytes."""
        return self.until(lambda: self._take(count) if len(self.received) >= count else None)

    def _head(self) -> bytes | None:
        head, found, rest = self.received.partition(b"\r\n\r\n")
        if not found:
            return None
        self.received = rest
        return bytes(head)

    def _take(self, count: int) -> bytes:
        taken = bytes(self.received[:count])
        del self.received[:count]
        return taken

    async def _body(self, headers: Headers) -> bytes:
        if headers.hasHeader("Transfer-Encoding"):
            raise AssertionError("no response of this server is chunked")
        lengths = headers.getRawHeaders("Content-Length", [])
        if len(lengths) != 1:
            raise AssertionError(f"lengths: {lengths}")
        return await self.taking(int(lengths[0]))

    def _wake(self) -> None:
        waiting, self._waiting = self._waiting, None
        if waiting is not None:
            waiting.callback(None)
