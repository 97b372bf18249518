"""One commit of one repository: fetched, verified, its submodules listed, and written out as a tar archive.

Nothing is ever checked out. What goes into the archive besides the commit's own files (``export-subst`` in
gitattributes(5)) must not depend on what else came along: no branch, no tag and no mark of a shallow copy is left.
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
"""What servers say that give whole branches only: git's own until 2.26, JGit. Everything else has no such commit."""

_NO_SUCH = ("not our ref", "remote ref", "unadvertised object", "not valid")

_GITLINK = b"160000"


@frozen
class RepositoryPlace:
    """Where a repository is fetched from, and how.

    :param settings: git's, some of them secret.
    """

    url: str
    settings: Mapping[str, str]


@frozen
class FetchedRepository:
    """A copy of one.

    :param folder: its own, which is made by :meth:`fetch`.
    """

    git: GitProgram
    folder: Path

    def fetch(self, place: RepositoryPlace, commit: str) -> None:
        """Have the commit here, and nothing that hints at how it came.

        :raises reqpi.core.errors.NotFound: there is no such commit.
        :raises reqpi.core.errors.UpstreamTrouble: it cannot be had.
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
        """The commits that belong to this one, each with its path.

        :raises reqpi.core.errors.UpstreamTrouble: they are not said as they must be.
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
        """See that the id is a commit's: a tag has one too, and what it leads to has another."""
        try:
            found = self._run("rev-parse", "--verify", "--quiet", f"{commit}^{{commit}}").decode().strip()
        except GitFailed as error:
            raise _missing(place, commit, error) from error
        if found != commit:
            raise UpstreamTrouble(
                f"{commit[:12]} is a tag", f"Pin the commit that it leads to, which is {found}.", final=True
            )

    def _links(self, commit: str) -> dict[str, str]:
        links: dict[str, str] = {}
        for entry in self._run("ls-tree", "-r", "-z", "--full-tree", commit).split(b"\0"):
            about, _, path = entry.partition(b"\t")
            if about.startswith(_GITLINK):
                links[path.decode("utf-8", "surrogateescape")] = about.split()[2].decode("ascii")
        return {path: link for path, link in links.items() if is_commit(link)}

    def _urls(self, commit: Commit) -> dict[str, str]:
        """The URL of each submodule by its path, relative ones resolved (gitmodules(5))."""
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
    """Whether it stays below the folder, and can be written down."""
    return path.isprintable() and not any(part in ("", ".", "..", ".git") for part in path.split("/"))


def _missing(place: RepositoryPlace, commit: str, error: GitFailed) -> UpstreamTrouble:
    if any(words in error.detail for words in _NO_SUCH) or not error.detail.startswith(("fatal:", "error:")):
        return NotFound(f"there is no commit {commit[:12]}", f"{place.url} has none of that id. {error.detail}")
    return error
