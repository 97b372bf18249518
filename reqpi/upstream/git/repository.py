"""One commit of one repository: fetched, verified, its submodules listed, and written as a tar archive.

Nothing is ever checked out. Text that git substitutes in the archive (``export-subst`` in gitattributes(5)) must not
depend on what else was fetched: no branch, no tag and no mark of a shallow copy is left.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urljoin

from attrs import frozen

from reqpi.core.errors import NotFound, UpstreamTrouble
from reqpi.upstream.git.commits import Commit, is_commit
from reqpi.upstream.git.program import GitFailed, GitProgram

__all__ = ["FetchedRepository", "RepositoryPlace"]

_BY_ID_REFUSED = ("unadvertised object", "not valid")
"""Errors of servers that give whole branches only: git's own until 2.26, JGit. Others do not have the commit."""

_NO_SUCH = ("not our ref", "remote ref", "unadvertised object", "not valid")

_GITLINK = b"160000"


@frozen
class RepositoryPlace:
    """Where a repository is fetched from, and how.

    :param settings: settings of git, some of them secret.
    """

    url: str
    settings: Mapping[str, str]


@frozen
class FetchedRepository:
    """A local copy of a repository.

    :param folder: for the copy, made by :meth:`fetch`.
    """

    git: GitProgram
    folder: Path

    def fetch(self, place: RepositoryPlace, commit: str) -> None:
        """Fetch the commit, and remove all traces of how it was fetched.

        :raises reqpi.core.errors.NotFound: there is no such commit.
        :raises reqpi.core.errors.UpstreamTrouble: it cannot be obtained.
        """
        kind = ["--object-format=sha256"] if len(commit) == 64 else []
        self.git.run(["init", "--quiet", "--bare", "--template=", *kind, str(self.folder)])
        try:
            self._fetch(place, "--depth=1", commit)
        except GitFailed as error:
            if not any(words in error.detail for words in _BY_ID_REFUSED):
                raise _missing(place, commit, error) from error
            self._fetch(place, "+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*")
        self._verify(place, commit)
        for name in ("shallow", "packed-refs", "FETCH_HEAD"):
            (self.folder / name).unlink(missing_ok=True)
        shutil.rmtree(self.folder / "refs")
        (self.folder / "refs").mkdir()

    def submodules(self, commit: Commit) -> list[tuple[str, Commit]]:
        """Return the commits of the submodules, each with its path.

        :raises reqpi.core.errors.UpstreamTrouble: one of them is not described in ``.gitmodules``.
        """
        links = self._links(commit.id)
        if not links:
            return []
        urls = self._urls(commit)
        for path in links:
            if path not in urls or not _is_inside(path):
                raise UpstreamTrouble(
                    f"a submodule of {commit.url} is not described", f"{path!r:.200} is not in .gitmodules.", final=True
                )
        return [(path, Commit(urls[path], link, submodules=True)) for path, link in links.items()]

    def archive(self, commit: str, prefix: str, to: Path) -> None:
        """Write the commit's files to ``to``, under ``prefix``, as git archives them."""
        self._run("archive", "--format=tar", f"--prefix={prefix}", f"--output={to}", commit)

    def _run(self, *arguments: str, settings: Mapping[str, str] | None = None) -> bytes:
        return self.git.run(arguments, settings, self.folder)

    def _fetch(self, place: RepositoryPlace, *wanted: str) -> None:
        options = [each for each in wanted if each.startswith("--")]
        refs = [each for each in wanted if not each.startswith("--")]
        always = ("--quiet", "--no-tags", "--no-recurse-submodules", "--no-auto-maintenance", "--no-write-commit-graph")
        self._run("fetch", *always, *options, "--end-of-options", place.url, *refs, settings=place.settings)

    def _verify(self, place: RepositoryPlace, commit: str) -> None:
        """Check that the id is that of a commit. An annotated tag has an id too, and its commit has another."""
        try:
            found = self._run("rev-parse", "--verify", "--quiet", f"{commit}^{{commit}}").decode().strip()
        except GitFailed as error:
            raise _missing(place, commit, error) from error
        if found != commit:
            raise UpstreamTrouble(f"{commit[:12]} is a tag", f"Pin the commit that it points to: {found}.", final=True)

    def _links(self, commit: str) -> dict[str, str]:
        links: dict[str, str] = {}
        for entry in self._run("ls-tree", "-r", "-z", "--full-tree", commit).split(b"\0"):
            about, _, path = entry.partition(b"\t")
            if about.startswith(_GITLINK):
                links[path.decode("utf-8", "surrogateescape")] = about.split()[2].decode("ascii")
        return {path: link for path, link in links.items() if is_commit(link)}

    def _urls(self, commit: Commit) -> dict[str, str]:
        """Return the URL of each submodule by its path, with relative URLs resolved (gitmodules(5))."""
        try:
            said = self._run("config", "--null", "--list", "--blob", f"{commit.id}:.gitmodules")
        except GitFailed:
            return {}
        paths, urls = {}, {}
        for entry in said.decode("utf-8", "surrogateescape").split("\0"):
            key, _, value = entry.partition("\n")
            section, _, name = key.rpartition(".")
            if section.startswith("submodule.") and name == "path":
                paths[section] = value
            elif section.startswith("submodule.") and name == "url":
                urls[section] = value
        return {paths[each]: _resolved(commit.url, urls[each]) for each in paths if each in urls}


def _resolved(parent: str, url: str) -> str:
    return urljoin(f"{parent.rstrip('/')}/", url) if url.startswith(("./", "../")) else url


def _is_inside(path: str) -> bool:
    """Return whether a path stays below the folder and is printable."""
    return path.isprintable() and not any(part in ("", ".", "..", ".git") for part in path.split("/"))


def _missing(place: RepositoryPlace, commit: str, error: GitFailed) -> UpstreamTrouble:
    if any(words in error.detail for words in _NO_SUCH) or not error.detail.startswith(("fatal:", "error:")):
        return NotFound(f"there is no commit {commit[:12]}", f"{place.url} has no commit with that id. {error.detail}")
    return error
