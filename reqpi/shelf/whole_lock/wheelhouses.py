"""A lock as one archive, made while it is read from files in the store, so that its length is known beforehand."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing

from reqpi.core import export
from reqpi.core.access.logins import EVERY_LOGIN, UsableLogins
from reqpi.core.errors import Pending, UpstreamTrouble
from reqpi.core.model import Commitment, File
from reqpi.core.targets import InstallTarget
from reqpi.runtime.offload import in_thread
from reqpi.shelf.shelf import Shelf
from reqpi.shelf.whole_lock.holding import Holds

__all__ = ["Wheelhouses"]

_PIECE = 1 << 18
"""Bytes of one piece of the archive's own data."""


class Wheelhouses:
    """The archives of every lock."""

    def __init__(self, shelf: Shelf, holding: Holds) -> None:
        self._shelf = shelf
        self._holding = holding

    async def of(
        self,
        commitment: Commitment,
        target: InstallTarget,
        *,
        one: bool = False,
        logins: UsableLogins = EVERY_LOGIN,
    ) -> export.Wheelhouse:
        """Return the archive of the files of a lock that ``target`` admits.

        :param logins: those that a hold may use for this client.
        :param one: include only the file of each release that pip would choose on the target.
        :raises reqpi.core.errors.UpstreamTrouble: some files are not in the store; a hold is in progress then, unless
            the last one could not obtain them either.
        """
        pages = await self._shelf.pages(commitment)
        files = await in_thread(export.selected, commitment, pages, target, one=one)
        sizes = await self._shelf.sizes(files)
        if missing := [file for file in files if sizes[file] is None]:
            await self._refuse(commitment, target, missing, logins)
        held = [(file, size) for file, size in sizes.items() if size is not None]
        requirements = await in_thread(export.requirements, commitment, pages, None)
        return export.wheelhouse(held, requirements)

    async def _refuse(
        self, commitment: Commitment, target: InstallTarget, missing: list[File], logins: UsableLogins
    ) -> None:
        first, more = missing[0].filename, f" and {len(missing) - 1} more" if len(missing) > 1 else ""
        if await self._holding.progress(commitment, target) is None:
            verdict = await self._holding.verdict(commitment, target)
            failed = next((each for each in verdict.missing if each.reason), None)
            if failed is not None:
                what = failed.filename or failed.project
                raise UpstreamTrouble(f"lock {commitment.short} is not held: {what}", failed.reason)
            await self._holding.begin(commitment, target, logins)
        raise Pending(f"{first}{more} of lock {commitment.short} are on the way", "Ask again in a moment.")

    async def read(
        self, commitment: Commitment, archive: export.Wheelhouse, start: int, stop: int
    ) -> AsyncGenerator[bytes, None]:
        """Yield the bytes of the archive from ``start`` up to ``stop``, its files through :meth:`Shelf.file`."""
        for stretch in archive.stretches(start, stop):
            if stretch.file is None:
                for at in range(0, len(stretch.data), _PIECE):
                    yield stretch.data[at : at + _PIECE]
                continue
            file_response = await self._shelf.file(commitment, stretch.file.project, stretch.file.filename)
            async with aclosing(file_response.read(stretch.start, stretch.stop)) as stream:
                async for piece in stream:
                    yield piece
