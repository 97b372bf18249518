"""Faults of an upstream: frozen values, set with ``upstream.fail(where, fault)``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from threading import Event
from typing import Protocol

from attrs import evolve, field, frozen

from tests.fake_upstream.exchange import Answer, Exchange

__all__ = [
    "Changed",
    "Drip",
    "Encoding",
    "Endless",
    "Fault",
    "First",
    "Garbage",
    "Hang",
    "Later",
    "Lost",
    "RedirectLoop",
    "Reset",
    "ShortBody",
    "ShortChunked",
    "ShortPlain",
    "Status",
    "Trickle",
    "WrongBytes",
]


class Fault(Protocol):
    """A way to answer wrongly."""

    def play(self, exchange: Exchange) -> None:
        """Answer."""


@frozen
class Status:
    """Another status: ``Status(503, {"Retry-After": "1"})``."""

    code: int
    headers: Mapping[str, str] = field(factory=dict)
    body: bytes = b"no\n"

    def play(self, exchange: Exchange) -> None:
        exchange.give(Answer(self.code, self.headers, self.body))


@frozen
class WrongBytes:
    """Other bytes of the same length."""

    def play(self, exchange: Exchange) -> None:
        exchange.give(evolve(exchange.answer, body=_other(exchange.answer.body)))


@frozen
class ShortBody:
    """The whole Content-Length is promised, the connection is closed after ``sent`` bytes."""

    sent: int

    def play(self, exchange: Exchange) -> None:
        exchange.head(exchange.answer)
        exchange.write(exchange.answer.body[: self.sent])
        exchange.end()


@frozen
class ShortChunked:
    """No length; one chunk of ``sent`` bytes, and the connection is closed without the last chunk."""

    sent: int

    def play(self, exchange: Exchange) -> None:
        exchange.head(exchange.answer, chunked=True)
        exchange.write(_chunk(exchange.answer.body[: self.sent]))
        exchange.end()


@frozen
class ShortPlain:
    """Neither a length nor chunks, as in HTTP/1.0: ``sent`` bytes, and a clean end."""

    sent: int

    def play(self, exchange: Exchange) -> None:
        content_type = exchange.answer.headers.get("Content-Type", "application/octet-stream")
        exchange.write(f"HTTP/1.0 200 OK\r\nContent-Type: {content_type}\r\n\r\n".encode())
        exchange.write(exchange.answer.body[: self.sent])
        exchange.end()


@frozen
class Changed:
    """The first response ends after ``sent`` bytes; a request for the rest, or a second one, gets other bytes."""

    sent: int

    def play(self, exchange: Exchange) -> None:
        (ShortBody(self.sent) if exchange.count == 1 else WrongBytes()).play(exchange)


@frozen
class Reset:
    """A TCP reset, before the headers or after ``after`` bytes of the body."""

    after: int | None = None

    def play(self, exchange: Exchange) -> None:
        if self.after is not None:
            exchange.head(exchange.answer)
            exchange.write(exchange.answer.body[: self.after])
        exchange.reset()


@frozen(eq=False)
class Hang:
    """Silence, before the headers or after ``after`` bytes of the body, until :meth:`release`; then right."""

    after: int | None = None
    released: Event = field(factory=Event, init=False)

    def release(self) -> None:
        """Answer normally from now on, waiting requests included."""
        self.released.set()

    def play(self, exchange: Exchange) -> None:
        if self.after is None:
            exchange.wait(self.released)
            exchange.give(exchange.answer)
            return
        exchange.head(exchange.answer)
        exchange.write(exchange.answer.body[: self.after])
        exchange.wait(self.released)
        exchange.write(exchange.answer.body[self.after :])


@frozen
class Drip:
    """The true body, ``piece`` bytes every ``pause`` seconds."""

    piece: int = 1
    pause: float = 0.05

    def play(self, exchange: Exchange) -> None:
        exchange.head(exchange.answer)
        for start in range(0, len(exchange.answer.body), self.piece):
            exchange.write(exchange.answer.body[start : start + self.piece])
            if exchange.closing.wait(self.pause):
                exchange.end()


@frozen(eq=False)
class Trickle(Hang):
    """The true body, ``piece`` bytes every ``pause`` seconds, until :meth:`release`; then the rest at once.

    :param first: bytes that come at once, before the others.
    """

    piece: int = 1
    pause: float = 0.05
    first: int = 0

    def play(self, exchange: Exchange) -> None:
        exchange.head(exchange.answer)
        exchange.write(exchange.answer.body[: self.first])
        sent = self.first
        while sent < len(exchange.answer.body) and not self.released.wait(self.pause):
            exchange.write(exchange.answer.body[sent : sent + self.piece])
            sent += self.piece
        if exchange.closing.is_set():
            exchange.end()
        exchange.write(exchange.answer.body[sent:])


@frozen
class Endless:
    """A body that never ends: chunked, or under a Content-Length of ``length``."""

    length: int | None = None
    piece: bytes = b"x" * 65536

    def play(self, exchange: Exchange) -> None:
        exchange.head(exchange.answer, self.length, chunked=self.length is None)
        while not exchange.closing.is_set():
            exchange.write(self.piece if self.length is not None else _chunk(self.piece))
        exchange.end()


@frozen
class Garbage:
    """Something else under the same content type."""

    body: bytes = b"\xff\xfe\x00<<<{"

    def play(self, exchange: Exchange) -> None:
        exchange.give(evolve(exchange.answer, body=self.body))


@frozen
class Lost:
    """A project page in JSON that lists no file of ``version``; it is a good page otherwise."""

    version: str

    def play(self, exchange: Exchange) -> None:
        page = json.loads(exchange.answer.body)
        page["files"] = [file for file in page["files"] if f"-{self.version}-" not in file["filename"]]
        page["versions"] = [version for version in page["versions"] if version != self.version]
        exchange.give(evolve(exchange.answer, body=json.dumps(page).encode()))


@frozen
class RedirectLoop:
    """A redirect to the same place."""

    code: int = 302

    def play(self, exchange: Exchange) -> None:
        exchange.give(Answer(self.code, {"Location": exchange.request.path}))


@frozen
class Encoding:
    """A Content-Encoding that the body does not have."""

    name: str = "gzip"

    def play(self, exchange: Exchange) -> None:
        headers = {**exchange.answer.headers, "Content-Encoding": self.name}
        exchange.give(evolve(exchange.answer, headers=headers))


@frozen
class First:
    """``fault`` for the first ``times`` requests, and right answers after them."""

    times: int
    fault: Fault

    def play(self, exchange: Exchange) -> None:
        if exchange.count <= self.times:
            self.fault.play(exchange)
        else:
            exchange.give(exchange.answer)


@frozen
class Later:
    """Right answers for the first ``times`` requests, and ``fault`` after them: ``Later(1, WrongBytes())``."""

    times: int
    fault: Fault

    def play(self, exchange: Exchange) -> None:
        if exchange.count > self.times:
            self.fault.play(exchange)
        else:
            exchange.give(exchange.answer)


def _other(body: bytes) -> bytes:
    """Return as many bytes, of which only the last differs, so that only a digest can reveal it."""
    return body[:-1] + bytes([body[-1] ^ 1]) if body else body


def _chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)
