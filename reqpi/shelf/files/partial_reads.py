"""Partial reads of files, from the upstream or from the store: members of an archive without the whole archive."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import aclosing
from typing import TypeVar

from reqpi.core.errors import UpstreamTrouble
from reqpi.core.interfaces import Upstream
from reqpi.core.metadata.zip_ranges import TAIL, ZipRangePlan
from reqpi.core.model import File
from reqpi.core.shown_urls import as_shown
from reqpi.runtime.offload import in_thread
from reqpi.shelf.files.verified_blobs import VerifiedBlobs

__all__ = ["Range", "Take", "by_ranges", "fetched", "stored"]

Range = tuple[int, bytes, int | None]
"""A part of a file: its offset, its bytes, and the size of the whole file if that is known."""

Take = Callable[[int, int | None], Awaitable[Range]]
"""Reads a part of a file, given the offset of its first byte and of one past its last."""

_T = TypeVar("_T")


async def fetched(
    upstream: Upstream, url: str, start: int, stop: int | None, *, largest: int, index: str = ""
) -> Range:
    """Return a part of the file at ``url``.

    :param start: the offset of the first byte; a negative one counts from the end.
    :param stop: the offset of one past the last byte; ``None``: to the end.
    :param largest: the number of bytes that are accepted.
    :param index: the URL of the index that lists the file; see :meth:`reqpi.core.interfaces.Upstream.open`.
    :raises reqpi.core.errors.UpstreamTrouble: the part cannot be obtained, or is larger.
    """
    transfer = await upstream.open(url, start, stop, index=index)
    data = bytearray()
    try:
        async for piece in transfer:
            data += piece
            if len(data) > largest:
                raise UpstreamTrouble(f"{as_shown(url)} sent too much", f"More than {largest} bytes.", final=True)
    finally:
        transfer.close()
    return transfer.start, bytes(data), transfer.size


async def stored(blobs: VerifiedBlobs, sha256: str, start: int, stop: int | None) -> Range:
    """Return a part of a blob, of which all was verified."""
    async with aclosing(blobs.read(sha256, start, stop)) as pieces:
        return start, b"".join([piece async for piece in pieces]), None


async def by_ranges(
    file: File,
    size: int | None,
    plan: Callable[[int], ZipRangePlan[_T]],
    take: Take,
) -> _T | None:
    """Return something in a zip archive, read by a few ranges; ``None`` if that would take too many.

    :param size: the size of the archive in bytes, if it is known.
    :param plan: makes the plan of the ranges to read, for an archive of the given size.
    :param take: reads one range.
    """
    first = None
    if size is None:
        first = await take(-TAIL, None)
        size = first[2]
        if size is None:
            return None
    archive = plan(size)
    while (wanted := archive.needs()) is not None:
        start, data, _ = first or await take(*wanted)
        first = None
        try:
            await in_thread(archive.fill, start, data)
        except ValueError as error:
            raise UpstreamTrouble(f"{file.filename} has another length upstream", str(error)) from error
    return archive.found
