"""The crates of an address for a static tree: those that its sdists and its committed Cargo.locks need."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import quote

from reqpi.cli.fetched_commits import fetch_commits
from reqpi.cli.folders.static_tree import StaticTree
from reqpi.cli.inputs.needed_crates import needed_crates
from reqpi.cli.messages import tell_remark
from reqpi.cli.mirrored_files import MirroredFiles, fetch_bytes
from reqpi.cli.progress import metered
from reqpi.client.errors import ClientError, WrongListing, final_trouble
from reqpi.client.fetching import FetchFailed, fetch
from reqpi.client.listed_file import ListedFile
from reqpi.core.crates.admission import AdmittedCrates
from reqpi.core.crates.commits import CrateCommit
from reqpi.core.crates.index import LARGEST_INDEX, read_index
from reqpi.core.crates.model import Crate
from reqpi.core.crates.reading import crates_of
from reqpi.core.static_tree.crates import (
    commit_resources,
    crate_resources,
    crate_url,
    index_url,
    line_resources,
    registry_resources,
)
from reqpi.core.static_tree.resource import StaticResource

__all__ = ["crate_tree"]

_AT_ONCE = 24
"""Crates that are downloaded at the same time: what takes long is that the registry is asked."""

_SHOWN = 100
"""Bytes of a line of a server that are shown."""


def crate_tree(
    url: str, mirrored: MirroredFiles, tree: StaticTree, served_at: str, *, quiet: bool
) -> list[StaticResource]:
    """Fetch the crates, and return everything about them that the tree has.

    :param url: the server.
    :param served_at: the URL below which addresses are served; empty: it is not known.
    :raises reqpi.client.fetching.FetchFailed: some could not be fetched.
    :raises reqpi.client.errors.ClientError: the server sends something else than the Cargo.locks admit.
    """
    commitment = mirrored.listing.commitment
    admitted = _admitted(mirrored, tree)
    lines = _lines(url, commitment.address, admitted.crates)
    # Two Cargo.locks may have different digests of one release: the line of the index decides which one there is.
    crates = [each for each in admitted.crates if each.sha256.encode() in lines[index_url(each.registry, each.name)]]
    _fetch(url, commitment.address, crates, tree, quiet=quiet)
    resources = [*crate_resources(crates), *line_resources(lines)]
    resources += commit_resources(_commits(url, commitment.address, admitted.commits, tree))
    if served_at:
        resources += registry_resources(admitted.registries, f"{served_at}/{commitment.address}/")
    return resources


def _admitted(mirrored: MirroredFiles, tree: StaticTree) -> AdmittedCrates:
    """Return the crates of all sdists and of the committed Cargo.locks."""
    sdists = [
        ListedFile(
            file.project,
            file.filename,
            str(file.sha256),
            saved_as=str(file.sha256),
            subdirectory=(file.source.subdirectory or "") if file.source is not None else "",
        )
        for file in mirrored.files
        if not file.wheel
    ]
    needed = needed_crates(sdists, tree.files, crates_of(mirrored.listing.commitment.lock))
    names = {str(file.sha256): file.filename for file in mirrored.files}
    for digest, reason in needed.unpinned.items():
        tell_remark(f"{names[digest]} has no crates in the tree: {reason}")
    return AdmittedCrates.of_locks((*needed.locks.values(), *needed.committed))


def _fetch(url: str, address: str, crates: Iterable[Crate], tree: StaticTree, *, quiet: bool) -> None:
    wanted: dict[str, ListedFile] = {}
    paths: dict[str, str] = {}
    for crate in crates:
        tree.offer(crate.sha256, crate_url(crate))
        wanted[crate.sha256] = ListedFile(crate.name, crate.filename, crate.sha256, saved_as=crate.sha256)
        paths[crate.sha256] = quote(crate_url(crate))
    with metered(0, len(wanted), quiet=quiet) as meter:
        fetch(
            url,
            address,
            list(wanted.values()),
            tree.files,
            meter.count,
            landed=lambda _: meter.file(),
            replace=True,
            path_of=lambda file: paths[file.sha256],
            at_once=_AT_ONCE,
        )


def _lines(url: str, address: str, crates: Iterable[Crate]) -> Mapping[str, bytes]:
    """Return the index of each crate by its path, verified against the Cargo.locks.

    :raises WrongListing: it has a line that they do not admit.
    """
    releases: dict[str, list[Crate]] = {}
    for crate in crates:
        releases.setdefault(index_url(crate.registry, crate.name), []).append(crate)
    failures: dict[str, ClientError] = {}
    found: dict[str, bytes] = {}
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        answers = {path: pool.submit(_line, url, address, path, same) for path, same in releases.items()}
    for path, answer in answers.items():
        try:
            found[path] = answer.result()
        except WrongListing:
            raise
        except ClientError as error:
            failures[path] = error
    if failures:
        raise FetchFailed(failures)
    return found


def _line(url: str, address: str, path: str, releases: Sequence[Crate]) -> bytes:
    """Return the index of a crate, each line of which a Cargo.lock admits.

    :param releases: those that it has to list.
    """
    body = fetch_bytes(url, f"/{address}/{path}", LARGEST_INDEX)
    names = {crate.name for crate in releases}
    wanted = {(crate.name, crate.version, crate.sha256) for crate in releases}
    missing = {(crate.name, crate.version) for crate in releases}
    for line in body.removesuffix(b"\n").split(b"\n"):
        read = [each for name in names for each in read_index(line, name).values()]
        if not read or (read[0].name, read[0].vers, read[0].cksum) not in wanted:
            text = line[:_SHOWN].decode("utf-8", "replace")
            raise WrongListing("the index of crates", [f"no Cargo.lock admits this line of {path}: {text}"])
        missing.discard((read[0].name, read[0].vers))
    if missing:
        raise final_trouble(f"the server does not list the crate {' '.join(min(missing))}")
    return body


def _commits(
    url: str, address: str, commits: Iterable[CrateCommit], tree: StaticTree
) -> dict[CrateCommit, tuple[str, int]]:
    """Fetch the archives of commits, and return the sha256 and the size of each."""
    landed: dict[str, ListedFile] = {}
    by_name = {commit.filename: commit for commit in commits}
    folder = tree.files / "commits"
    fetch_commits(url, {address: by_name.values()}, folder, lambda file: landed.update({file.filename: file}))
    for file in landed.values():
        (folder / file.name).replace(tree.files / file.sha256)
    return {by_name[name]: (file.sha256, file.size or 0) for name, file in landed.items()}
