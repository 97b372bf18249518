"""Registries and git repositories as one source of crates: a Cargo.lock takes crates from both."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from packaging.version import Version

from reqpi.core.crates.commits import commit_at
from reqpi.core.crates.index import IndexLine
from reqpi.core.crates.source import CrateSource
from reqpi.core.interfaces import FileSource, Transfer
from reqpi.core.model import Digest, Page, Project

__all__ = ["WithRepositories"]


class WithRepositories:
    """A :class:`reqpi.core.crates.source.CrateSource` that also sends the archives of commits.

    :param registries: send everything else.
    :param repositories: sends the archives, by the operator's rules for git.
    """

    def __init__(self, registries: CrateSource, repositories: FileSource) -> None:
        self._registries = registries
        self._repositories = repositories

    async def lines(self, name: str, registry: str, versions: Collection[str]) -> Mapping[str, IndexLine]:
        """See :meth:`reqpi.core.crates.source.CrateSource.lines`."""
        return await self._registries.lines(name, registry, versions)

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

    def reveals(self, registry: str) -> bool:
        """See :meth:`reqpi.core.crates.source.CrateSource.reveals`."""
        return self._registries.reveals(registry)
