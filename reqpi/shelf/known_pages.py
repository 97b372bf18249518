"""The frozen pages of locks for views of the whole: each is read once, and stays in memory for a while.

A frozen page is the same until the operator has it frozen again, which makes a commitment another object.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from reqpi.core.interfaces import Records
from reqpi.core.model import Commitment, Page, Project
from reqpi.runtime.derived_cache import DerivedCache
from reqpi.shelf.freezing import Freezing
from reqpi.shelf.records import page_record

__all__ = ["KnownPages"]

_PAGES = 16 << 20
"""Bytes of pages that are kept in memory: about 9,000 files."""

_LISTED = 4
"""Pages that are looked for one by one: of more, the store is asked which there are."""


class KnownPages:
    """The pages that are frozen already. No upstream is asked."""

    def __init__(self, freezing: Freezing, records: Records) -> None:
        self._freezing = freezing
        self._records = records
        self._pages: DerivedCache[Page] = DerivedCache(_PAGES)

    async def of(self, commitment: Commitment, projects: Iterable[Project]) -> dict[Project, Page]:
        """Return the pages of those ``projects`` that are frozen, with the files that the operator denies."""
        wanted = list(dict.fromkeys(projects))
        kept = {project: self._pages.get(commitment, (commitment.address, project)) for project in wanted}
        read = await self._read(commitment, [project for project, page in kept.items() if page is None])
        found = {project: page or read.get(project) for project, page in kept.items()}
        return {project: page for project, page in found.items() if page is not None}

    async def count(self, commitment: Commitment) -> int:
        """Return how many projects of a lock have a frozen page."""
        projects = commitment.lock.projects
        if all(self._pages.get(commitment, (commitment.address, project)) is not None for project in projects):
            return len(projects)
        return len(await self._frozen(commitment, projects))

    async def _read(self, commitment: Commitment, projects: Collection[Project]) -> dict[Project, Page]:
        few = len(projects) <= _LISTED
        pages = await self._freezing.known(commitment, projects if few else await self._frozen(commitment, projects))
        for project, page in pages.items():
            # Who has published a file may be found out later, and then it is on the page.
            if not any(pin.identities for pin in commitment.lock.projects[project]):
                self._pages.put(commitment, (commitment.address, project), page, page.weight)
        return pages

    async def _frozen(self, commitment: Commitment, projects: Iterable[Project]) -> list[Project]:
        """Return those of some projects that have a frozen page, in their order."""
        prefix = page_record(commitment.address)
        frozen = {name.removeprefix(prefix) async for name in self._records.names(prefix)}
        return [project for project in projects if project in frozen]
