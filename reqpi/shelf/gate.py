"""The seam for what may deny more than an operator has written down: it is asked before anything of a lock is shown.

A gate decides through the deny list (:mod:`reqpi.shelf.denials`): it adds a denial before a page or a crate is looked
up there, so that a denial is listed and revocable however it came about.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from attrs import frozen

from reqpi.core.model import Lock, Page
from reqpi.core.report import Defect, Note

__all__ = ["NOTHING_FOUND", "FoundInLock", "OpenGate", "ReleaseGate"]


@frozen
class FoundInLock:
    """The view of a gate on a lock.

    :param defects: with any, the lock is not committed.
    """

    defects: tuple[Defect, ...] = ()
    notes: tuple[Note, ...] = ()


NOTHING_FOUND = FoundInLock()


class ReleaseGate(Protocol):
    """Something that knows more about releases than their locks say."""

    async def check_lock(self, lock: Lock) -> FoundInLock:
        """Return what is wrong with a lock that is to be committed."""

    async def check_page(self, page: Page, address: str = "") -> None:
        """Deny what must not be shown of a page, before its denied files are left out.

        :param address: of the lock; empty for the open index.
        :raises reqpi.core.errors.UpstreamTrouble: what decides about a file cannot be obtained.
        """

    async def check_crates(self, name: str, versions: Iterable[str]) -> None:
        """Deny what must not be shown of a crate, before its denied versions are left out."""


class OpenGate:
    """The gate that lets everything through."""

    async def check_lock(self, lock: Lock) -> FoundInLock:
        """See :class:`ReleaseGate`."""
        return NOTHING_FOUND

    async def check_page(self, page: Page, address: str = "") -> None:
        """See :class:`ReleaseGate`."""

    async def check_crates(self, name: str, versions: Iterable[str]) -> None:
        """See :class:`ReleaseGate`."""
