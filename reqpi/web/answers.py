"""Sending what never changes: strong ETags, 304, ranges, gzip, and bodies paced by the client."""

from __future__ import annotations

import gzip
import hashlib
import re
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from functools import cached_property
from typing import Any

from attrs import frozen
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IPushProducer
from twisted.web.server import Request
from zope.interface import implementer

__all__ = ["IMMUTABLE", "Representation", "send_file", "send_representation"]

IMMUTABLE = "public, max-age=31536000, immutable"
"""A year, which is as long as HTTP has a word for (:rfc:`8246`)."""

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

    @property
    def weight(self) -> int:
        """Bytes that it takes in memory."""
        return 2 * len(self.body) + 1024


def _forever(request: Request, etag: str) -> None:
    """Say that this answer never changes."""
    request.setHeader("Cache-Control", IMMUTABLE)
    request.setHeader("ETag", etag)


def send_representation(request: Request, shown: Representation, vary: str = "Accept-Encoding") -> bytes:
    """Set the head of the response, and return its body: empty for a client that has it already."""
    etag, body = shown.etag, shown.body
    request.setHeader("Vary", vary)
    request.setHeader("Content-Type", shown.content_type)
    if shown.gzipped is not None and _takes_gzip(request):
        etag, body = f'{etag[:-1]}-gzip"', shown.gzipped
        request.setHeader("Content-Encoding", "gzip")
    _forever(request, etag)
    if _has(request, etag):
        return _not_modified(request)
    request.setHeader("Content-Length", str(len(body)))
    return body


async def send_file(request: Request, size: int, etag: str, read: Callable[[int, int], AsyncIterator[bytes]]) -> None:
    """Send ``size`` bytes, or the range of them that the client asks for, as fast as the client takes them.

    A read that fails after the first byte cuts the connection, so that no client mistakes a part for the whole.

    :raises Exception: what the first read raised; nothing was sent then.
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
    async with aclosing(read(start, stop)) as pieces:  # type: ignore[type-var]
        await _pump(request, pieces)


@implementer(IPushProducer)
class _Pace:
    """The client's pace: :meth:`turn` waits while it has enough to chew on."""

    def __init__(self) -> None:
        self.gone = False
        self._held: Deferred[None] | None = None

    async def turn(self) -> None:
        if self._held is not None:
            await self._held

    def pauseProducing(self) -> None:
        if self._held is None:
            self._held = Deferred()

    def resumeProducing(self) -> None:
        held, self._held = self._held, None
        if held is not None:
            held.callback(None)

    def stopProducing(self) -> None:
        self.gone = True
        self.resumeProducing()


async def _pump(request: Request, pieces: AsyncIterator[bytes]) -> None:
    pace = _Pace()
    begun = False
    try:
        async for piece in pieces:
            if not begun:
                request.registerProducer(pace, True)
                begun = True
            if pace.gone:
                return
            request.write(piece)
            await pace.turn()
    except Exception:
        if not begun:
            raise
        transport: Any = request.transport
        transport.abortConnection()
        raise
    finally:
        if begun:
            request.unregisterProducer()


def _not_modified(request: Request) -> bytes:
    request.setResponseCode(304)
    request.responseHeaders.removeHeader("Content-Type")
    request.responseHeaders.removeHeader("Content-Encoding")
    return b""


def _has(request: Request, etag: str) -> bool:
    """Whether the client has it already (:rfc:`9110`, section 13.1.2: compared weakly)."""
    asked = request.getHeader("If-None-Match")
    return asked is not None and (asked.strip() == "*" or etag in _ETAG.findall(asked))


def _takes_gzip(request: Request) -> bool:
    for part in (request.getHeader("Accept-Encoding") or "").lower().split(","):
        coding, _, parameters = part.strip().partition(";")
        if coding.strip() in ("gzip", "*"):
            return parameters.replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    return False


def _range_of(request: Request, size: int, etag: str) -> tuple[int, int]:
    """First byte and one past the last of one range; all of it where none is asked for, or several are.

    An empty range means that it cannot be satisfied (:rfc:`9110`, section 14).
    """
    match = _RANGE.fullmatch((request.getHeader("Range") or "").replace(" ", ""))
    if match is None or match[0] == "bytes=-" or request.getHeader("If-Range") not in (None, etag):
        return 0, size
    first, last = match.groups()
    if not first:
        return max(0, size - int(last)), size
    if last and int(last) < int(first):
        return 0, size
    return int(first), min(size, int(last) + 1) if last else size
