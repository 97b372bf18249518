"""Facts about files, and the one rule for them: a verified fact counts before a claimed one.

If the file is in the store, its digest was verified: a fact that is read from it is as trustworthy as the file, and is
recorded for every address. A fact that is read from a part of the upstream's file is the upstream's claim, like the
page itself, because no digest covers a part of a file: it is recorded for one address alone, and does not count any
more once the file is in the store.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from attrs import frozen

from reqpi.core.interfaces import Store
from reqpi.core.model import File
from reqpi.shelf.files.downloads import Downloads

__all__ = ["FactRecords", "Facts"]

_F = TypeVar("_F")
_T = TypeVar("_T")


@frozen
class FactRecords:
    """The names of the two records of one fact.

    :param verified: the record for every address.
    :param claimed: the record for the address under which the file was requested.
    """

    verified: str
    claimed: str


class Facts(Generic[_T]):
    """The facts of one kind about all files.

    :param load: returns the fact that a record contains or names, given the name of the record and its content;
        ``None`` if the fact has to be found again.
    """

    def __init__(self, store: Store, downloads: Downloads, load: Callable[[str, bytes], Awaitable[_T | None]]) -> None:
        self._store = store
        self._downloads = downloads
        self._load = load

    async def known(self, file: File, records: FactRecords) -> _T | None:
        """Return the recorded fact: of the verified file, or the claim while the file is not in the store."""
        verified = await self._recorded(records.verified)
        if verified is not None or await self.size(file) is not None:
            return verified
        return await self._recorded(records.claimed)

    async def find(
        self,
        file: File,
        claim: Callable[[], Awaitable[tuple[_F | None, bool]]],
        verify: Callable[[int | None], Awaitable[_F]],
    ) -> tuple[_F, bool]:
        """Return a fact, and whether it is verified: from the store if the file is there, otherwise the claim.

        :param claim: reads the fact from a part of the upstream's file: ``None`` if that is not possible; and whether
            the part turned out to be the whole file, with the right digest.
        :param verify: reads the fact from the file in the store, given its size in bytes. The file is fetched first if
            there is no claim.
        :raises reqpi.core.errors.UpstreamTrouble: the file cannot be obtained.
        """
        size = await self.size(file)
        if size is None:
            fact, verified = await claim()
            if fact is not None:
                return fact, verified
            await self._downloads.finished(file)
            size = await self.size(file)
        return await verify(size), True

    async def size(self, file: File) -> int | None:
        """Return the size in bytes of a file in the store; ``None`` if it is not there."""
        return await self._store.size(str(file.sha256))

    async def _recorded(self, record: str) -> _T | None:
        data = await self._store.get(record)
        return None if data is None else await self._load(record, data)
