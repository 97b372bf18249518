"""Responses with a file: ranges, and resumption."""

from __future__ import annotations

import os
import re
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing, closing
from typing import BinaryIO

from twisted.web.server import Request

from reqpi.shelf.files.file_responses import FileResponse, GrowingFile
from reqpi.web.http.answers import hold_to, send
from reqpi.web.http.headers import header, listed
from reqpi.web.http.pace import pump
from reqpi.web.http.representation import IMMUTABLE, RepresentationResponse, constant, has
from reqpi.web.http.sendfile import sent_by_kernel, takes_from_kernel

__all__ = ["send_file", "send_response"]

_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")

_PIECE = 1 << 17

Read = Callable[[int, int], AsyncGenerator[bytes, None]]
"""Yields the bytes from one offset up to another."""


async def send_response(request: Request, response: FileResponse) -> None:
    """Send a file of the shelf: redirect a GET to the object store if the shelf says so, and send its bytes otherwise.

    :raises Exception: see :func:`send_file`.
    """
    elsewhere = await response.link() if response.link is not None and request.method == b"GET" else None
    if elsewhere is not None:
        _send_elsewhere(request, elsewhere)
        return
    etag = f'"{response.file.sha256}"'
    await send_file(request, response.size, etag, response.read, local=response.local, growing=response.growing)


async def send_file(
    request: Request,
    size: int,
    etag: str,
    read: Read,
    *,
    local: Callable[[], Awaitable[BinaryIO | None]] | None = None,
    growing: GrowingFile | None = None,
    content_type: str = "application/octet-stream",
    caching: str = IMMUTABLE,
) -> None:
    """Send a file, or the range that the client requests, as fast as the client reads it.

    :param size: of the file, in bytes.
    :param local: opens the file if it is on this machine, so that the kernel can send it.
    :param growing: the file while it is being written, so that the kernel can send it.
    :raises OtherBytes: ``If-Match`` names other bytes.
    :raises Exception: any error of a read. If a part has been sent before, the caller aborts the connection, so that no
        client mistakes the part for the whole.
    """
    hold_to(request, etag)
    made = _head_of(request, size, etag, content_type, caching)
    send(request, made)
    if made.status not in (200, 206) or request.method == b"HEAD":
        request.write(b"")
        return
    start, stop = _range_of(request, size, etag)
    if growing is not None and start < stop and takes_from_kernel(request):
        start = await _sent_growing(request, growing, start, stop)
    file = await local() if local is not None and start < stop else None
    if file is None:
        async with aclosing(read(start, stop)) as chunks:
            await pump(request, chunks, stop - start)
        return
    with closing(file):
        if takes_from_kernel(request):
            request.write(b"")
            await sent_by_kernel(request, file, start, stop)
        else:
            await pump(request, _chunks(file, start, stop), stop - start)


async def _sent_growing(request: Request, growing: GrowingFile, start: int, stop: int) -> int:
    """Send a file as it grows, as far as that goes; return where the rest begins."""
    file = growing.local()
    if file is None:
        return start
    with closing(file):
        request.write(b"")
        async with aclosing(growing.released(start, stop)) as ends:
            async for end in ends:
                await sent_by_kernel(request, file, start, end)
                start = end
    return start


async def _chunks(file: BinaryIO, start: int, stop: int) -> AsyncGenerator[bytes, None]:
    """Yield the bytes of a file. The kernel most likely has them cached: reading is faster than a change of threads."""
    while start < stop and (piece := os.pread(file.fileno(), min(_PIECE, stop - start), start)):
        yield piece
        start += len(piece)


def _head_of(request: Request, size: int, etag: str, content_type: str, caching: str) -> RepresentationResponse:
    fixed = constant(etag, ranges=True, caching=caching)
    if has(listed(request, "If-None-Match"), etag):
        return RepresentationResponse(304, fixed, b"")
    start, stop = _range_of(request, size, etag)
    if start >= stop and size:
        nothing = (("Content-Range", f"bytes */{size}"), ("Content-Length", "0"), ("Cache-Control", "no-store"))
        return RepresentationResponse(416, (*fixed, *nothing), b"")
    described = (("Content-Type", content_type), ("Content-Length", str(stop - start)))
    if (start, stop) == (0, size):
        return RepresentationResponse(200, (*fixed, *described), b"")
    return RepresentationResponse(206, (*fixed, *described, ("Content-Range", f"bytes {start}-{stop - 1}/{size}")), b"")


def _send_elsewhere(request: Request, url: str) -> None:
    """Redirect the client to ``url``, which is valid for a limited time, so the response must not be cached."""
    request.setResponseCode(307)
    request.setHeader("Location", url)
    request.setHeader("Cache-Control", "no-store")
    request.setHeader("Referrer-Policy", "no-referrer")
    request.setHeader("Content-Length", "0")
    request.write(b"")


def _range_of(request: Request, size: int, etag: str) -> tuple[int, int]:
    """Return the range to send: its first byte, and one past its last. It is the whole file for no range, or several.

    An empty range means that the request cannot be satisfied (:rfc:`9110`, section 14).
    """
    # A range in a HEAD request must be ignored: it is defined for GET only (section 14.2).
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
