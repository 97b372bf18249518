"""Registries and git repositories as one source of crates: a Cargo.lock takes crates from both."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

from packaging.version import Version

from reqpi.core.crates.commits import commit_at
from reqpi.core.crates.index import IndexLine
from reqpi.core.crates.source import CrateSource, RegistryPlace
from reqpi.core.interfaces import FileSource, Transfer
from reqpi.core.model import Digest, Page, Project

__all__ = ["WithRepositories"]


class WithRepositories:
    """A :class:`reqpi.core.crates.source.CrateSource` that also sends the archives of commits.

    :param registries: send everything else.
    :param repositories: sends the archives, by the operator's rules for git.
    :param has_login: returns whether the server has a login for the repository at a URL.
    """

    def __init__(self, registries: CrateSource, repositories: FileSource, has_login: Callable[[str], bool]) -> None:
        self._registries = registries
        self._repositories = repositories
        self._has_login = has_login

    async def lines(self, name: str, registry: str, versions: Collection[str]) -> Mapping[str, IndexLine]:
        """See :meth:`reqpi.core.crates.source.CrateSource.lines`."""
        return await self._registries.lines(name, registry, versions)

    async def whole(self, name: str, registry: str) -> bytes:
        """See :meth:`reqpi.core.crates.source.CrateSource.whole`."""
        return await self._registries.whole(name, registry)

    async def page(
        self,
        project: Project,
        index: str = "",
        versions: Collection[Version] | None = None,
        digests: Collection[Digest] = (),
    ) -> Page:
        """See :meth:`reqpi.core.interfaces.FileSource.page`."""
        return await self._registries.page(project, index, versions, digests)

    async def open(
        self, url: str, start: int = 0, stop: int | None = None, etag: str | None = None, index: str = ""
    ) -> Transfer:
        """See :meth:`reqpi.core.interfaces.FileSource.open`."""
        source: FileSource = self._registries if commit_at(url) is None else self._repositories
        return await source.open(url, start, stop, etag, index)

    async def place(self, registry: str) -> RegistryPlace:
        """See :meth:`reqpi.core.crates.source.CrateSource.place`."""
        return await self._registries.place(registry)

    def name(self, registry: str) -> str:
        """See :meth:`reqpi.core.crates.source.CrateSource.name`."""
        return self._registries.name(registry)

    async def has_login(self, registry: str) -> bool:
        """See :meth:`reqpi.core.crates.source.CrateSource.has_login`."""
        commit = commit_at(registry)
        return await self._registries.has_login(registry) if commit is None else self._has_login(commit.url)

    def reveals(self, registry: str) -> bool:
        """See :meth:`reqpi.core.crates.source.CrateSource.reveals`."""
        return self._registries.reveals(registry)
