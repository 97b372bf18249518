"""The SBOMs inside the wheels of a lock (:pep:`770`), read once all of these wheels are in the store."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial

from reqpi.core.errors import UpstreamTrouble
from reqpi.core.model import Commitment, File
from reqpi.core.sbom.inside import InsideSbom, bounded, read_inside
from reqpi.runtime.singleflight import each
from reqpi.shelf.shelf import Shelf
from reqpi.shelf.whole_lock.stored_wheels import inside_wheel

__all__ = ["sboms_in_wheels"]

_AT_ONCE = 4
"""Wheels that are read concurrently: all of their bytes are hashed, unless this process has done so before."""

_LOOKED_UP = 16


async def sboms_in_wheels(
    shelf: Shelf, commitment: Commitment, wheels: Iterable[File]
) -> Mapping[str, tuple[InsideSbom, ...]] | None:
    """Return the SBOMs inside wheels by the sha256 of the wheel; ``None`` if some wheel is not in the store.

    :param wheels: all wheels that the lock admits.
    """
    files = {str(wheel.sha256): wheel for wheel in wheels}
    if None in (await each(files.values(), shelf.held, _LOOKED_UP)).values():
        return None
    found = await each(files.values(), partial(_inside, shelf, commitment), _AT_ONCE)
    by_name = sorted(files.items(), key=lambda item: item[1].filename)
    read = [(sha256, documents) for sha256, wheel in by_name if (documents := found[wheel]) is not None]
    return bounded(read) if len(read) == len(files) else None


async def _inside(shelf: Shelf, commitment: Commitment, wheel: File) -> tuple[InsideSbom, ...] | None:
    """Return the SBOMs inside a wheel; none if it is broken, as no client installs it."""
    read = partial(read_inside, filename=wheel.filename, project=wheel.project)
    try:
        return await inside_wheel(shelf, commitment, wheel, read, fetch=False)
    except UpstreamTrouble:
        return ()
