"""The source of crates of a server that asks no registry."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import NoReturn

from packaging.version import Version

from reqpi.core.crates.commits import commit_at
from reqpi.core.crates.source import crate_at
from reqpi.core.errors import UpstreamTrouble
from reqpi.core.model import Digest, Project

__all__ = ["OfflineRegistries"]


class OfflineRegistries:
    """A :class:`reqpi.core.crates.source.CrateSource` that has nothing and uses no network.

    :param name: returns the name of a registry, as :meth:`reqpi.core.crates.source.CrateSource.name` does.
    """

    def __init__(self, name: Callable[[str], str] = lambda _: "") -> None:
        self._name = name

    async def lines(self, name: str, registry: str, versions: Collection[str]) -> NoReturn:
        """Raise: there is never a line."""
        what = ", ".join(sorted(versions)[:3])
        raise _not_here(f"the crate {name} {what}", "has not asked a registry for it for this lock")

    async def whole(self, name: str, registry: str) -> NoReturn:
        """Raise: there is never an index file."""
        raise _not_here(f"the index of the crate {name}", "asks no registry for it")

    async def place(self, registry: str) -> NoReturn:
        """Raise: no registry is asked where its crates are."""
        raise _not_here("the configuration of a registry", "keeps none")

    async def page(
        self,
        project: Project,
        index: str = "",
        versions: Collection[Version] | None = None,
        digests: Collection[Digest] = (),
    ) -> NoReturn:
        """Raise: there is never a page."""
        raise _not_here(project, "has no pages of crates")

    async def open(
        self, url: str, start: int = 0, stop: int | None = None, etag: str | None = None, index: str = ""
    ) -> NoReturn:
        """Raise: there is never a file."""
        commit = commit_at(url)
        if commit is not None:
            raise _not_here(commit.filename, "has not fetched this commit before")
        raise _not_here(crate_at(url, index).filename, "has not fetched this crate before")

    def name(self, registry: str) -> str:
        """See :meth:`reqpi.core.crates.source.CrateSource.name`: a token is for the same upstreams on all servers."""
        return self._name(registry)

    async def has_login(self, registry: str) -> bool:
        """Return that there is no login that could be used."""
        return False

    def reveals(self, registry: str) -> bool:
        """Return whether a client may be told what a registry lists: nothing is known of any."""
        return True


def _not_here(what: str, why: str) -> UpstreamTrouble:
    return UpstreamTrouble(f"{what} is not in the store", f"This server is offline, and {why}.", final=True)
