"""Files inside wheels of a lock: read from verified wheels alone, never from a part of an upstream's wheel."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import aclosing
from functools import partial
from typing import TypeVar

from reqpi.core.metadata.wheel import BrokenWheel
from reqpi.core.metadata.zip_ranges import SparseFile, ZipRangePlan
from reqpi.core.model import Commitment, File
from reqpi.shelf.files.file_responses import FileResponse
from reqpi.shelf.files.partial_reads import Range, by_ranges
from reqpi.shelf.shelf import Shelf

__all__ = ["inside_wheel"]

_T = TypeVar("_T")


async def inside_wheel(
    shelf: Shelf, commitment: Commitment, file: File, read: Callable[[SparseFile], _T], *, fetch: bool = True
) -> _T | None:
    """Return what ``read`` finds in a wheel in the store, all bytes of which are hashed first.

    :param read: reads from the wheel; it raises :exc:`reqpi.core.metadata.zip_ranges.MissingRange`.
    :param fetch: whether to fetch the wheel if it is not in the store, however long that takes.
    :returns: ``None`` if the wheel is not in the store and is not to be fetched.
    :raises reqpi.core.errors.NotAdmitted: the lock does not admit the wheel.
    :raises reqpi.core.errors.UpstreamTrouble: the wheel cannot be obtained, or ``read`` raised it.
    """
    if fetch:
        await shelf.hold(commitment, file.project, file.filename)
    elif await shelf.held(file) is None:
        return None
    response = await shelf.file(commitment, file.project, file.filename)
    found = await by_ranges(file, response.size, partial(_plan, read), partial(_part, response))
    if found is None:
        raise BrokenWheel(f"{file.filename} cannot be read", "The sizes of its members are implausible.", final=True)
    return found


def _plan(read: Callable[[SparseFile], _T], size: int) -> ZipRangePlan[_T]:
    return ZipRangePlan(size, read)


async def _part(response: FileResponse, start: int, stop: int | None) -> Range:
    async with aclosing(response.read(start, response.size if stop is None else stop)) as pieces:
        return start, b"".join([piece async for piece in pieces]), None
