"""No upstream at all: what ``--offline`` asks."""

from __future__ import annotations

from typing import NoReturn

from reqpi.errors import UpstreamTrouble
from reqpi.model import Project

__all__ = ["Nowhere"]


class Nowhere:
    """An :class:`~reqpi.interfaces.Origin` that has nothing, and asks nobody."""

    name = "no upstream (--offline)"

    async def page(self, project: Project) -> NoReturn:
        """Never a page."""
        raise UpstreamTrouble(
            f"{project} is not in the store",
            "This server is offline, and has not seen the project for this lock before.",
        )

    async def open(self, url: str, start: int = 0, stop: int | None = None) -> NoReturn:
        """Never a file."""
        filename = url.rpartition("/")[2]
        raise UpstreamTrouble(
            f"{filename} is not in the store", "This server is offline, and the file was not fetched before."
        )
