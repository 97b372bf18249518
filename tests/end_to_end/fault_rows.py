"""The rows of the fault table: each fault of an upstream, and what clients show of it."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from typing import Literal

from attrs import evolve, field, frozen

from tests.fake_upstream.faults import (
    Changed,
    Encoding,
    Endless,
    Fault,
    First,
    Garbage,
    Hang,
    Later,
    Lost,
    RedirectLoop,
    Reset,
    ShortBody,
    ShortChunked,
    ShortPlain,
    Status,
    Trickle,
    WrongBytes,
)

WHOLE = os.environ.get("REQPI_TEST_FAULTS") == "whole"

SMALL, LARGE = 40_000, 150_000
"""Bytes of a file: of one below 64 KiB nothing is passed on before its digest is known."""

_BUSY = Status(429, {"Retry-After": "1"})


@frozen
class Row:
    """A fault that lasts until it is healed.

    :param says: what uv shows of it, and the log, which is where the reason is found under pip.
    :param size: of the file, in bytes.
    :param refused: it is answered with 410, which is no trouble and is not logged.
    :param patience: further requests that clients may make; ``None`` is as many as they do by themselves.
    """

    name: str
    where: Literal["file", "page"]
    fault: Callable[[], Fault]
    says: str = ""
    size: int = LARGE
    refused: bool = field(default=False, kw_only=True)
    patience: int | None = field(default=None if WHOLE else 0, kw_only=True)


@frozen
class Passing(Row):
    """A fault in spite of which the first install succeeds.

    :param asked: how often the upstream is asked for what is faulty, until the end of a second install.
    """

    asked: int = field(default=2, kw_only=True)
    patience: int | None = field(default=None, kw_only=True)


def _file(name: str, fault: Callable[[], Fault], says: str, size: int = LARGE, patience: int | None = None) -> Row:
    row = Row(name, "file", fault, says, size)
    return row if patience is None else evolve(row, patience=patience)


# Of these a part is passed on, and what the clients say next is their own. Of a hang they despair before the server.
_MINUTES = (
    _file("hang within the body, 150 KB", partial(Hang, 1000), "", patience=0),
    _file("slow drip, 150 KB", partial(Trickle, piece=1), "comes too slowly", patience=0),
)

FILE = (
    *(_MINUTES if WHOLE else ()),
    _file("hang before the head", Hang, "still on its way"),
    _file("hang within the body, 40 KB", partial(Hang, 1000), "still on its way", SMALL),
    _file("slow drip, 40 KB", partial(Trickle, piece=1), "still on its way", SMALL),
    _file("500", partial(Status, 500), "answered 500"),
    _file("503", partial(Status, 503), "answered 503"),
    _file("429 with Retry-After", lambda: _BUSY, "answered 429"),
    _file("404", partial(Status, 404), "not found on"),
    _file("reset before the head", Reset, "the connection to"),
    _file("reset after the head", partial(Reset, 0), "the connection to"),
    _file("reset within the body", partial(Reset, 1000), "the connection to"),
    _file("truncated, with a length", partial(ShortBody, 1000), "the connection to"),
    _file("truncated, chunked", partial(ShortChunked, 1000), "the connection to"),
    _file("truncated, no length", partial(ShortPlain, 1000), "short"),
    _file("wrong bytes", WrongBytes, "wrong bytes for"),
    _file("a login page", partial(Garbage, b"<html>Please log in.</html>"), "wrong bytes for"),
    _file("other bytes for the rest", partial(Changed, 1000), "wrong bytes for"),
    _file("endless", Endless, "sent too much"),
    _file("a length of 1 TiB", partial(Endless, 1 << 40), "too long"),
    _file("redirect loop", RedirectLoop, "redirects too often"),
)

FILE_PASSING = (
    Passing("hang before the head, once", "file", lambda: First(1, Hang())),
    Passing("hang within the body, once", "file", lambda: First(1, Hang(140_000))),
    Passing("slow line, 10 KB/s", "file", partial(Trickle, piece=1000, pause=0.1), asked=1),
    Passing("wrong bytes, once", "file", lambda: First(1, WrongBytes())),
    Passing("other bytes for the rest, once", "file", lambda: First(2, Changed(1000)), asked=3),
    Passing("500 once", "file", lambda: First(1, Status(500))),
    Passing("429 with Retry-After, once", "file", lambda: First(1, _BUSY)),
    Passing("reset before the head, once", "file", lambda: First(1, Reset())),
    Passing("reset after the head, once", "file", lambda: First(1, Reset(0))),
    Passing("reset within the body, once", "file", lambda: First(1, Reset(1000))),
    Passing("reset every 50 KB", "file", partial(Reset, 50_000), asked=4),
    Passing("truncated once, with a length", "file", lambda: First(1, ShortBody(1000))),
    Passing("truncated once, chunked", "file", lambda: First(1, ShortChunked(1000))),
    Passing("truncated once, no length", "file", lambda: First(1, ShortPlain(1000))),
    Passing("other bytes on the second fetch", "file", lambda: Later(1, WrongBytes()), asked=1),
    Passing("wrong Content-Encoding", "file", Encoding, asked=1),
)

PAGE = (
    Row("hang before the head", "page", Hang, "on the way"),
    Row("hang within the body", "page", partial(Hang, 100), "on the way"),
    Row("slow drip", "page", partial(Trickle, piece=1, pause=0.2), "on the way"),
    Row("500", "page", partial(Status, 500), "answered 500"),
    Row("503", "page", partial(Status, 503), "answered 503"),
    Row("429 with Retry-After", "page", lambda: _BUSY, "answered 429"),
    Row("404", "page", partial(Status, 404), "has no project", refused=True),
    Row("reset before the head", "page", Reset, "the connection to"),
    Row("reset after the head", "page", partial(Reset, 0), "the connection to"),
    Row("reset within the body", "page", partial(Reset, 100), "the connection to"),
    Row("truncated, with a length", "page", partial(ShortBody, 100), "the connection to"),
    Row("truncated, chunked", "page", partial(ShortChunked, 100), "the connection to"),
    Row("truncated, no length", "page", partial(ShortPlain, 100), "may be incomplete"),
    Row("garbage", "page", Garbage, "is not JSON"),
    Row("without the version", "page", partial(Lost, "1.0"), "has no file of", refused=True),
    Row("endless", "page", Endless, "sent too much"),
    Row("redirect loop", "page", RedirectLoop, "redirects too often"),
    Row("wrong Content-Encoding", "page", Encoding, "cannot be decoded"),
)

PAGE_PASSING = (
    Passing("hang within the body, once", "page", lambda: First(1, Hang(100))),
    Passing("500 once", "page", lambda: First(1, Status(500))),
    Passing("429 with Retry-After, once", "page", lambda: First(1, _BUSY)),
    Passing("reset before the head, once", "page", lambda: First(1, Reset())),
    Passing("reset within the body, once", "page", lambda: First(1, Reset(100))),
    Passing("truncated once, chunked", "page", lambda: First(1, ShortChunked(100))),
)

# Nothing is played: the server is told whom to trust, or is not.
TLS = (
    Row("TLS, not to be trusted", "file", partial(Status, 500), "its issuer is not a known authority"),
    Row("TLS, not to be trusted", "page", partial(Status, 500), "its issuer is not a known authority"),
)
