"""Parts of files, from upstream or from the store: what is in an archive without the whole of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import aclosing
from typing import TypeVar

from twisted.internet.threads import deferToThread

from reqpi.core.errors import UpstreamTrouble
from reqpi.core.interfaces import Blobs, Upstream
from reqpi.core.metadata.zip_ranges import TAIL, ZipRangePlan
from reqpi.core.model import File

__all__ = ["Range", "Take", "by_ranges", "fetched", "stored"]

Range = tuple[int, bytes, int | None]
"""Where it begins, its bytes, and the size of the whole where that is known."""

Take = Callable[[int, int | None], Awaitable[Range]]
"""Takes a part: from its first byte up to one past its last."""

_T = TypeVar("_T")


async def fetched(upstream: Upstream, url: str, start: int, stop: int | None, *, largest: int) -> Range:
    """A part of what upstream has at ``url``.

    :param start: first byte wanted; negative counts from the end.
    :param largest: bytes that may come.
    :raises reqpi.core.errors.UpstreamTrouble: it cannot be had, or is larger.
    """
    transfer = await upstream.open(url, start, stop)
    data = bytearray()
    try:
        async for piece in transfer:
            data += piece
            if len(data) > largest:
                raise UpstreamTrouble(f"{url} sent too much", f"More than {largest} bytes, for metadata.")
    finally:
        transfer.close()
    return transfer.start, bytes(data), transfer.size


async def stored(store: Blobs, sha256: str, start: int, stop: int | None) -> Range:
    """A part of a blob."""
    async with aclosing(store.read(sha256, start, stop)) as pieces:
        return start, b"".join([piece async for piece in pieces]), None


async def by_ranges(
    file: File,
    size: int | None,
    plan: Callable[[int], ZipRangePlan[_T]],
    take: Take,
) -> _T | None:
    """Something in a zip archive, from a few ranges; ``None`` where that would take too many.

    :param size: bytes of the archive, where they are known.
    :param plan: what is wanted, of an archive of a size.
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
            await deferToThread(archive.fill, start, data)
        except ValueError as error:
            raise UpstreamTrouble(f"{file.filename} has another length upstream", str(error)) from error
    return archive.found
