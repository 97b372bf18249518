"""Undo what was done: forget a lock that was committed, and freeze a page again."""

from __future__ import annotations

from collections.abc import Iterable

from packaging.utils import canonicalize_name

from reqpi.core.address import is_address
from reqpi.core.decisions import FORGET, REFREEZE
from reqpi.core.errors import NotAdmitted, StoreTrouble, UnknownAddress, UpstreamTrouble
from reqpi.core.interfaces import Records
from reqpi.core.model import Project
from reqpi.core.page_change import PageChange
from reqpi.runtime.singleflight import each
from reqpi.shelf.denials import Denials
from reqpi.shelf.freezings import PageFreezing
from reqpi.shelf.records import Owner, kinds_of, lock_record
from reqpi.shelf.shelf import Shelf

__all__ = ["Undoing", "forget_lock"]

_AT_ONCE = 8
"""Pages of a lock that are frozen again concurrently."""


async def forget_lock(records: Records, denials: Denials, address: str, by: str) -> int:
    """Remove a lock and every record that belongs to it; its files stay until a sweep removes them.

    The other processes are told first, because nothing can tell them later that is not stored now. They are told again
    at the end, because one of them may have read the lock meanwhile.

    :returns: how many records were removed, with that of the lock.
    :raises reqpi.core.errors.UnknownAddress: there is no such lock, and nothing is left of it.
    """
    lock = lock_record(address)
    if not is_address(address) or (await records.last_used(lock) is None and not await _below(records, address)):
        raise UnknownAddress(f"no lock has the address {address[:8]}", "An address has 64 hex digits.")
    await denials.undone(FORGET, address, by)
    removed = int(await records.delete(lock)) + await _removed(records, await _below(records, address))
    await denials.undone(FORGET, address, by)
    return removed


async def _below(records: Records, address: str, *, derived: bool = False) -> list[str]:
    """Return the names of all records that belong to a lock.

    :param derived: only of those that are made from its pages.
    """
    kinds = [kind for kind in kinds_of(Owner.ADDRESS) if kind.derived or not derived]
    return [name for kind in kinds async for name in records.names(kind.below(address))]


async def _removed(records: Records, names: Iterable[str]) -> int:
    """Remove records; return how many were there."""
    return sum([await records.delete(name) for name in names])


class Undoing:
    """The operator's work on one shelf."""

    def __init__(self, shelf: Shelf, records: Records) -> None:
        self._shelf = shelf
        self._records = records

    @property
    def denials(self) -> Denials:
        """The deny list."""
        return self._shelf.denials

    async def forget(self, address: str, by: str) -> int:
        """See :func:`forget_lock`."""
        return await forget_lock(self._records, self.denials, address, by)

    async def refreeze(self, address: str, name: str, by: str) -> list[PageChange]:
        """Freeze the pages of a lock as the upstream has them now, and return what has changed on each.

        :param name: of the only project that is meant; empty: all that the lock pins.
        :raises reqpi.core.errors.UnknownAddress: there is no such lock.
        :raises reqpi.core.errors.NotAdmitted: the lock does not pin the project.
        """
        commitment = await self._shelf.commitment(address)
        project = canonicalize_name(name)
        if name and project not in commitment.lock.projects:
            raise NotAdmitted(f"{project[:100]} is not in lock {commitment.short}", "Name a project that it pins.")

        async def again(project: Project) -> PageChange:
            try:
                return await self._shelf.refreeze(commitment, project)
            except (UpstreamTrouble, StoreTrouble) as trouble:
                return PageChange(project, trouble=str(trouble))

        try:
            changes = await each([project] if name else commitment.lock.projects, again, _AT_ONCE)
        finally:  # some pages may have been replaced
            await self.denials.undone(REFREEZE, commitment.address, by)
            # Afterwards, because until then they could be made from the old pages again.
            await _removed(self._records, await _below(self._records, commitment.address, derived=True))
        return [changes[project] for project in sorted(changes)]

    async def freezings(self, address: str) -> dict[Project, PageFreezing]:
        """Return when and by whom pages of a lock were frozen."""
        return await self._shelf.freezings(await self._shelf.commitment(address))
