"""Sending what never changes: strong ETags, 304, ranges, gzip, and bodies paced by the client."""

from __future__ import annotations

import gzip
import hashlib
import re
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing
from functools import cached_property
from typing import Any

from attrs import frozen
from twisted.internet.defer import Deferred, TimeoutError
from twisted.internet.error import ConnectionAborted
from twisted.internet.interfaces import IPushProducer, IReactorTime
from twisted.web.server import Request
from zope.interface import implementer

from reqpi.errors import StoreTrouble
from reqpi.web.headers import header, listed

__all__ = ["IMMUTABLE", "Representation", "send_elsewhere", "send_file", "send_page", "send_representation"]

IMMUTABLE = "public, max-age=31536000, immutable"
"""A year, which is as long as HTTP has a word for (:rfc:`8246`)."""

_STALL = 60.0
"""Seconds for which a client may take nothing of a file. Twisted has no time-out of its own while it answers."""

_SMALLEST_GZIP = 512
"""Bytes. Less than this does not repay the header."""

_ETAG = re.compile(r'(?:W/)?("[^"]{0,200}")')
_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")


@frozen(slots=False)
class Representation:
    """A text as it goes over the wire: rendered once, sent often."""

    body: bytes
    content_type: str

    @cached_property
    def etag(self) -> str:
        """Strong: equal only for equal bytes (:rfc:`9110`, section 8.8.3)."""
        return f'"{hashlib.sha256(self.body).hexdigest()[:32]}"'

    @cached_property
    def gzipped(self) -> bytes | None:
        """The body in gzip, the same bytes each time; ``None`` where it would not be smaller."""
        packed = gzip.compress(self.body, 6, mtime=0) if len(self.body) >= _SMALLEST_GZIP else self.body
        return packed if len(packed) < len(self.body) else None

    def prepare(self) -> None:
        """Work out all of it now."""
        _ = self.etag, self.gzipped

    @property
    def weight(self) -> int:
        """Bytes that it takes in memory."""
        return 2 * len(self.body) + 1024


def _forever(request: Request, etag: str) -> None:
    """Say that this answer never changes."""
    request.setHeader("Cache-Control", IMMUTABLE)
    request.setHeader("ETag", etag)


def send_representation(request: Request, shown: Representation) -> bytes:
    """Set the head of the response, and return its body: empty for a client that has it already."""
    return _send(request, shown.content_type, shown.etag, shown.body)


def send_page(request: Request, shown: Representation) -> bytes:
    """The same for a page, which has several forms, and goes out in gzip to those who take it."""
    request.setHeader("Vary", "Accept, Accept-Encoding")
    packed = shown.gzipped if _takes_gzip(request) else None
    if packed is None:
        return send_representation(request, shown)
    request.setHeader("Content-Encoding", "gzip")
    return _send(request, shown.content_type, f'{shown.etag[:-1]}-gzip"', packed)


def _send(request: Request, content_type: str, etag: str, body: bytes) -> bytes:
    request.setHeader("Content-Type", content_type)
    _forever(request, etag)
    if _has(request, etag):
        return _not_modified(request)
    request.setHeader("Content-Length", str(len(body)))
    return body


async def send_file(
    request: Request, size: int, etag: str, read: Callable[[int, int], AsyncGenerator[bytes, None]]
) -> None:
    """Send ``size`` bytes, or the range of them that the client asks for, as fast as the client takes them.

    :raises Exception: what a read raised. Where that was not the first, a part is sent, and the caller cuts the
        connection, so that no client mistakes it for the whole.
    """
    request.setHeader("Accept-Ranges", "bytes")
    _forever(request, etag)
    if _has(request, etag):
        request.write(_not_modified(request))
        return
    start, stop = _range_of(request, size, etag)
    if start >= stop and size:
        request.setResponseCode(416)
        request.setHeader("Content-Range", f"bytes */{size}")
        request.setHeader("Content-Length", "0")
        request.setHeader("Cache-Control", "no-store")
        request.write(b"")
        return
    if (start, stop) != (0, size):
        request.setResponseCode(206)
        request.setHeader("Content-Range", f"bytes {start}-{stop - 1}/{size}")
    request.setHeader("Content-Length", str(stop - start))
    if request.method == b"HEAD":
        request.write(b"")
        return
    async with aclosing(read(start, stop)) as pieces:
        await _pump(request, pieces, stop - start)


def send_elsewhere(request: Request, url: str) -> None:
    """Send the client to ``url``, which is good for a while: so nobody is to remember it."""
    request.setResponseCode(307)
    request.setHeader("Location", url)
    request.setHeader("Cache-Control", "no-store")
    request.setHeader("Referrer-Policy", "no-referrer")
    request.setHeader("Content-Length", "0")
    request.write(b"")


@implementer(IPushProducer)
class _Pace:
    """The client's pace: :meth:`turn` waits while it has enough to chew on."""

    def __init__(self, clock: IReactorTime) -> None:
        self._clock = clock
        self._gone = False
        self._held: Deferred[None] | None = None

    async def turn(self) -> None:
        """Wait for one's turn.

        :raises twisted.internet.error.ConnectionAborted: the client is gone, or has taken nothing for a minute.
        """
        if self._held is not None:
            try:
                await self._held.addTimeout(_STALL, self._clock)
            except TimeoutError:
                raise ConnectionAborted from None
        if self._gone:
            raise ConnectionAborted

    def pauseProducing(self) -> None:
        if self._held is None:
            self._held = Deferred()

    def resumeProducing(self) -> None:
        held, self._held = self._held, None
        if held is not None:
            held.callback(None)

    def stopProducing(self) -> None:
        self._gone = True
        self.resumeProducing()


async def _pump(request: Request, pieces: AsyncIterator[bytes], size: int) -> None:
    site: Any = request.site
    pace = _Pace(site.clock)
    left = size
    try:
        async for piece in pieces:
            if request.producer is None:
                request.registerProducer(pace, True)
            request.write(piece)
            left -= len(piece)
            await pace.turn()
    finally:
        if request.producer is not None and request.channel is not None:
            request.unregisterProducer()
    if left:
        raise StoreTrouble("a file in the store has another length than it should", f"{size - left} bytes, not {size}.")


def _not_modified(request: Request) -> bytes:
    request.setResponseCode(304)
    request.responseHeaders.removeHeader("Content-Type")
    request.responseHeaders.removeHeader("Content-Encoding")
    return b""


def _has(request: Request, etag: str) -> bool:
    """Whether the client has it already (:rfc:`9110`, section 13.1.2: compared weakly)."""
    asked = listed(request, "If-None-Match")
    return asked.strip() == "*" or etag in _ETAG.findall(asked)


def _takes_gzip(request: Request) -> bool:
    taken: dict[str, bool] = {}
    for part in listed(request, "Accept-Encoding").lower().split(","):
        coding, _, parameters = part.partition(";")
        taken[coding.strip()] = parameters.replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    return taken.get("gzip", taken.get("*", False))


def _range_of(request: Request, size: int, etag: str) -> tuple[int, int]:
    """First byte and one past the last of one range; all of it where none is asked for, or several are.

    An empty range means that it cannot be satisfied (:rfc:`9110`, section 14).
    """
    # Of HEAD, a range is to be ignored: it is defined for GET alone (section 14.2).
    asked = header(request, "Range") if request.method == b"GET" else ""
    match = _RANGE.fullmatch(asked.replace(" ", ""))
    if match is None or match[0] == "bytes=-" or header(request, "If-Range") not in ("", etag):
        return 0, size
    first, last = match.groups()
    if not first:
        return max(0, size - int(last)), size
    if last and int(last) < int(first):
        return 0, size
    return int(first), min(size, int(last) + 1) if last else size
