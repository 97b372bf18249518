"""The pages of all projects that a lock pins, or every pin that cannot be completed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from reqpi.core.errors import UpstreamTrouble
from reqpi.core.model import Lock, Page, Project
from reqpi.runtime.singleflight import each
from reqpi.shelf.lacking_pins import all_lacking

__all__ = ["pages_of"]

_AT_ONCE = 16
"""Pages that one export requests from the upstream concurrently."""


async def pages_of(lock: Lock, page_of: Callable[[Project], Awaitable[Page]]) -> dict[Project, Page]:
    """Return the page of each project.

    :raises reqpi.core.errors.UpstreamTrouble: as ``page_of``; if pins cannot be completed, it names all of them.
    """
    lacking: list[UpstreamTrouble] = []

    async def page(project: Project) -> Page | None:
        try:
            return await page_of(project)
        except UpstreamTrouble as error:
            if not error.defects:
                raise
            lacking.append(error)
            return None

    try:
        pages = await each(lock.projects, page, _AT_ONCE)
    except UpstreamTrouble:
        if not lacking:
            raise
    if lacking:
        raise all_lacking(lacking)
    return {project: page for project, page in pages.items() if page is not None}
