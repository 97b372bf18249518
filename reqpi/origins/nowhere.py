"""No upstream at all: what ``--offline`` asks."""

from __future__ import annotations

from collections.abc import Collection
from typing import NoReturn
from urllib.parse import urlsplit

from packaging.version import Version

from reqpi.errors import Defect, UpstreamTrouble
from reqpi.model import Digest, Lock, Project
from reqpi.origins.policy import Policy

__all__ = ["Nowhere"]


class Nowhere:
    """An :class:`~reqpi.interfaces.Origin` that has nothing, and asks nobody.

    :param policy: what is refused stays so: an address means the same with the network and without.
    """

    name = "no upstream (--offline)"

    def __init__(self, policy: Policy | None = None) -> None:
        self._policy = policy

    async def page(
        self,
        project: Project,
        index: str = "",
        versions: Collection[Version] | None = None,
        digests: Collection[Digest] = (),
    ) -> NoReturn:
        """Never a page."""
        raise _not_here(project, "This server is offline, and has not seen the project for this lock before.")

    async def open(self, url: str, start: int = 0, stop: int | None = None, etag: str | None = None) -> NoReturn:
        """Never a file."""
        filename = urlsplit(url).path.rpartition("/")[2]
        raise _not_here(filename, "This server is offline, and the file was not fetched before.")

    def refuses(self, lock: Lock) -> tuple[Defect, ...]:
        """See :meth:`reqpi.interfaces.Origin.refuses`."""
        return () if self._policy is None else self._policy.refuses(lock)


def _not_here(what: str, detail: str) -> UpstreamTrouble:
    return UpstreamTrouble(f"{what} is not in the store", detail, final=True)
