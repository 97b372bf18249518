"""The archives of commits from which crates are taken: fetched from the address whose Cargo.locks name the commits."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from functools import partial
from pathlib import Path

from reqpi.client.errors import ClientError, final_trouble
from reqpi.client.fetching import FetchFailed, fetch
from reqpi.client.json_members import number, text
from reqpi.client.listed_file import ListedFile
from reqpi.client.reports import reported
from reqpi.core.crates.commits import CrateCommit

__all__ = ["fetch_commits"]

_AT_ONCE = 2

_SHA256 = re.compile(r"[0-9a-f]{64}")


def fetch_commits(
    url: str,
    wanted: Mapping[str, Collection[CrateCommit]],
    to: Path,
    landed: Callable[[ListedFile], None] = lambda _: None,
) -> None:
    """Fetch the archives of commits into a folder, and verify each against the digest that the server has frozen.

    :param url: the server.
    :param wanted: the commits by the address that admits them.
    :param landed: called from several threads with each archive that is there.
    :raises reqpi.client.fetching.FetchFailed: some could not be fetched.
    :raises reqpi.client.BadUsage: the folder cannot be written.
    """

    def there(file: ListedFile) -> None:
        landed(file._replace(size=(to / file.name).stat().st_size))

    failures: dict[str, ClientError] = {}
    for address, commits in wanted.items():
        files: list[ListedFile] = []
        paths = {commit.filename: f"{_path(commit)}.tar.gz" for commit in commits}
        for commit in sorted(set(commits)):
            try:
                files.append(_listed(url, address, commit))
            except ClientError as error:
                failures[commit.filename] = error
        path_of = partial(_path_of, paths)
        try:
            fetch(url, address, files, to, landed=there, path_of=path_of, at_once=_AT_ONCE)
        except FetchFailed as failed:
            failures |= failed.failures
    if failures:
        raise FetchFailed(failures)


def _listed(url: str, address: str, commit: CrateCommit) -> ListedFile:
    """Return the archive of a commit as the server has frozen it. The server may have to fetch it first."""
    path = f"/{address}/{_path(commit)}.json"
    found = reported(url, path)
    sha256 = text(found, "sha256")
    if not _SHA256.fullmatch(sha256):
        raise final_trouble(f"{url} states no digest of {commit.filename}")
    return ListedFile(commit.file.project, commit.filename, sha256, number(found, "size") or None, version=commit.id)


def _path_of(paths: Mapping[str, str], file: ListedFile) -> str:
    return paths[file.filename]


def _path(commit: CrateCommit) -> str:
    return f"crates/git/{commit.key}/{commit.id}"
