"""The crates that a client of an address was sent, for a receipt."""

from __future__ import annotations

from reqpi.core.crates.model import Crate
from reqpi.core.crates.receipts import entry_of_commit, entry_of_crate
from reqpi.core.receipts.model import TakenEntry
from reqpi.shelf.crates.crates_of_locks import CratesOfLocks
from reqpi.shelf.shelf import Shelf

__all__ = ["CrateEntries"]


class CrateEntries:
    """The crates that the lock of an address admits, as entries of a receipt."""

    def __init__(self, shelf: Shelf, crates: CratesOfLocks, address: str) -> None:
        self._shelf = shelf
        self._crates = crates
        self._address = address

    async def __call__(self, name: str, version: str, sha256: str) -> TakenEntry:
        """Return the entry of a crate that was sent.

        :param name: empty for the archive of a commit; then the others are the key of its repository, and the commit.
        :raises reqpi.core.errors.ReqPIError: it is gone from the store, and cannot be obtained.
        """
        if not name:
            commitment = await self._shelf.commitment(self._address)
            return entry_of_commit(await self._crates.commits.archive(commitment, version, sha256))
        wanted = Crate(name, version, sha256)
        found = await self._crates.file(await self._shelf.commitment(self._address), wanted)
        return entry_of_crate(Crate(name, version, sha256, found.file.index), found.size)
