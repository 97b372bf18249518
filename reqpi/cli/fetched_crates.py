"""The crates that fetched sdists need, next to them: for a build without a network."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import quote

from reqpi.cli.fetched_commits import fetch_commits
from reqpi.cli.folders.crates_folder import (
    CRATES,
    GitCrates,
    check_crates_folder,
    refuse_two_of_a_name,
    remove_crates,
    write_registry,
    write_vendored,
)
from reqpi.cli.folders.git_crates import unpack_git_crates
from reqpi.cli.folders.output_folder import writing
from reqpi.cli.messages import count_of, size_of, tell_remark
from reqpi.cli.progress import metered
from reqpi.client.errors import ClientError, WrongBytes
from reqpi.client.fetching import FetchFailed, fetch, remove
from reqpi.client.listed_file import ListedFile
from reqpi.core.crates.commits import CrateCommit, frozen_file
from reqpi.core.crates.model import Crate, GitCrate
from reqpi.core.crates.receipts import entry_of_commit, entry_of_crate
from reqpi.core.receipts.recorder import How, ReceiptRecorder

__all__ = ["LAYOUTS", "LandedCrates", "add_crates_layout", "fetch_crates", "removing_if_wrong"]

_VENDORED = "vendored"
_REGISTRY = "local-registry"
LAYOUTS = (_VENDORED, _REGISTRY)


Wanted = Mapping[str, Collection[Crate | GitCrate]]
"""Crates, by the address that admits them."""

_AT_ONCE = 24
"""Crates that are downloaded at the same time. Most have some KB: what takes long is that the registry is asked."""


def add_crates_layout(parser: argparse.ArgumentParser) -> None:
    """Add ``--crates-layout``."""
    parser.add_argument(
        "--crates-layout",
        choices=LAYOUTS,
        default=_VENDORED,
        help="what the crates of sdists that need Rust become: folders as cargo vendor makes them (default), or a "
        "registry of .crate files, whose digests can be verified again",
    )


def fetch_crates(
    url: str,
    wanted: Wanted,
    output: Path,
    options: argparse.Namespace,
    landed: Callable[[ListedFile], None] = lambda _: None,
    *,
    keep: bool,
) -> None:
    """Fetch crates into ``deps/cargo`` of the output, with the configuration of cargo.

    :param url: the server.
    :param wanted: the crates by the address that admits them. Each is verified against the digest that it has here. One
        of a git repository has none: the archive of its commit is verified against the one that the server has frozen.
    :param landed: called from several threads with each file that is there, and its size.
    :param keep: the crates of an earlier run stay: the folder is filled for several locks. Otherwise they are removed.
    :raises reqpi.client.fetching.FetchFailed: some could not be fetched.
    :raises reqpi.client.BadUsage: the folder cannot be written.
    """
    wanted = {address: set(crates) for address, crates in wanted.items()}
    crates = {crate for of_address in wanted.values() for crate in of_address}
    if not crates:
        if not keep:
            remove_crates(output)
        return
    refuse_two_of_a_name(sorted(crates, key=lambda crate: crate.folder))
    vendored = options.crates_layout == _VENDORED
    check_crates_folder(output, unpacked=vendored, keep=keep)
    with _files(output, vendored=vendored) as files, _room(output) as room:
        git = _fetch_git(url, _of_git(wanted), room, landed)
        ours = _of_registries(wanted)
        _fetch_all(url, ours, files, landed, quiet=options.quiet)
        each = sorted({crate for of_address in ours.values() for crate in of_address})
        size = sum((files / crate.filename).stat().st_size for crate in each)
        if vendored:
            write_vendored(each, files, output, git, keep=keep)
        else:
            write_registry(each, output, git, keep=keep)
    if not options.quiet:
        tell_remark(f"{count_of(len(crates), 'crate')}, {size_of(size)}, in {output / CRATES}")


def _of_registries(wanted: Wanted) -> dict[str, list[Crate]]:
    return {
        address: sorted(crate for crate in crates if isinstance(crate, Crate)) for address, crates in wanted.items()
    }


def _of_git(wanted: Wanted) -> dict[str, list[GitCrate]]:
    return {
        address: sorted(crate for crate in crates if isinstance(crate, GitCrate)) for address, crates in wanted.items()
    }


def _fetch_git(
    url: str, wanted: Mapping[str, Sequence[GitCrate]], room: Path, landed: Callable[[ListedFile], None]
) -> GitCrates:
    """Fetch the commits that have crates, and unpack these crates.

    :param room: an empty folder on the file system of the output.
    """
    crates = sorted({crate for of_address in wanted.values() for crate in of_address})
    if not crates:
        return GitCrates()
    fetch_commits(url, {address: {*map(CrateCommit.of, each)} for address, each in wanted.items()}, room, landed)
    unpacked = room / "crates"
    with writing(unpacked):
        unpacked.mkdir()
    try:
        left_out = unpack_git_crates(crates, room, unpacked)
    except WrongBytes as wrong:
        raise FetchFailed({wrong.title.rpartition(" ")[2]: wrong}) from wrong
    for path in left_out:
        tell_remark(f"left out: {path}, which leads nowhere in its repository")
    return GitCrates(crates, unpacked)


@contextmanager
def _room(output: Path) -> Iterator[Path]:
    """Yield a folder in the output that is removed at the end."""
    with writing(output):
        output.mkdir(parents=True, exist_ok=True)
        place = TemporaryDirectory(dir=output, prefix=".crates-", ignore_cleanup_errors=True)
    with place as folder:
        yield Path(folder)


class LandedCrates:
    """The crates that are in the output now, for a receipt. It may be called from several threads.

    :param wanted: all that may land.
    """

    def __init__(self, wanted: Iterable[Crate | GitCrate], output: Path) -> None:
        each = list(wanted)
        self._wanted = {(crate.filename, crate.sha256): crate for crate in each if isinstance(crate, Crate)}
        commits = {CrateCommit.of(crate) for crate in each if isinstance(crate, GitCrate)}
        self._commits = {commit.filename: commit for commit in commits}
        self._before = {name for name, _ in self._wanted if (output / CRATES / name).exists()}
        self._landed: list[ListedFile] = []

    def __call__(self, file: ListedFile) -> None:
        """Take note of a crate."""
        self._landed.append(file)

    def count(self, recorder: ReceiptRecorder) -> None:
        """Count each crate: as taken, or as a valid copy if it was there before."""
        for file in self._landed:
            how: How = "unchanged" if file.filename in self._before else "count"
            crate = self._wanted.get((file.filename, file.sha256))
            if crate is None:
                archive = frozen_file(self._commits[file.filename], file.sha256, file.size or 0)
                recorder.took(entry_of_commit(archive), how)
            else:
                recorder.took(entry_of_crate(crate, file.size or 0), how)


@contextmanager
def removing_if_wrong(fresh: Iterable[ListedFile], folder: Path) -> Iterator[None]:
    """Remove the files of this run if the server sends wrong bytes for a crate in the block: it is not to be trusted.

    :param fresh: the files that were not in the folder before.
    """
    try:
        yield
    except FetchFailed as failed:
        if failed.wrong:
            remove(fresh, folder)
        raise


@contextmanager
def _files(output: Path, *, vendored: bool) -> Iterator[Path]:
    """Yield the folder for the ``.crate`` files: that of the registry, or one that is removed at the end."""
    if not vendored:
        yield output / CRATES
        return
    with _room(output) as folder:
        yield folder


def _fetch_all(
    url: str,
    wanted: Mapping[str, Iterable[Crate]],
    files: Path,
    landed: Callable[[ListedFile], None],
    *,
    quiet: bool,
) -> None:
    failures: dict[str, ClientError] = {}
    total = sum(len(set(crates)) for crates in wanted.values())
    with metered(0, total, quiet=quiet) as meter:

        def there(file: ListedFile) -> None:
            meter.file()
            landed(file._replace(size=(files / file.name).stat().st_size))

        for address, crates in wanted.items():
            listed = [_listed(crate) for crate in sorted(set(crates))]
            try:
                fetch(
                    url,
                    address,
                    listed,
                    files,
                    meter.count,
                    landed=there,
                    replace=True,
                    path_of=_path_of,
                    at_once=_AT_ONCE,
                )
            except FetchFailed as failed:
                failures |= failed.failures
    if failures:
        raise FetchFailed(failures)


def _listed(crate: Crate) -> ListedFile:
    return ListedFile(crate.name, crate.filename, crate.sha256, version=crate.version)


def _path_of(file: ListedFile) -> str:
    return f"crates/dl/{quote(file.project)}/{quote(file.version)}/{file.sha256}.crate"
