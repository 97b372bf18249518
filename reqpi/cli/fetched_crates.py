"""The crates that fetched sdists need, next to them: for a build without a network."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import quote

from reqpi.cli.folders.crates_folder import (
    CRATES,
    has_crates,
    refuse_two_of_a_name,
    remove_crates,
    write_registry,
    write_vendored,
)
from reqpi.cli.folders.output_folder import writing
from reqpi.cli.messages import count_of, size_of, tell_remark
from reqpi.cli.progress import metered
from reqpi.client.errors import ClientError
from reqpi.client.fetching import FetchFailed, fetch, remove
from reqpi.client.listed_file import ListedFile
from reqpi.core.crates.model import Crate

__all__ = ["LAYOUTS", "add_crates_layout", "fetch_crates", "removing_if_wrong"]

_VENDORED = "vendored"
_REGISTRY = "local-registry"
LAYOUTS = (_VENDORED, _REGISTRY)


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
    wanted: Mapping[str, Iterable[Crate]],
    output: Path,
    options: argparse.Namespace,
    landed: Callable[[ListedFile], None] = lambda _: None,
) -> None:
    """Fetch crates into ``deps/cargo`` of the output, with the configuration of cargo; remove those of an earlier run.

    :param url: the server.
    :param wanted: the crates by the address that admits them. Each is verified against the digest that it has here.
    :param landed: called from several threads with each file that is there.
    :raises reqpi.client.fetching.FetchFailed: some could not be fetched.
    :raises reqpi.client.BadUsage: the folder cannot be written.
    """
    crates = sorted({crate for of_address in wanted.values() for crate in of_address})
    if not crates:
        if has_crates(output):
            remove_crates(output)
        return
    refuse_two_of_a_name(crates)
    vendored = options.crates_layout == _VENDORED
    with _files(output, vendored=vendored) as files:
        _fetch_all(url, wanted, files, landed, quiet=options.quiet)
        size = sum((files / crate.filename).stat().st_size for crate in crates)
        if vendored:
            write_vendored(crates, files, output)
        else:
            write_registry(crates, output)
    if not options.quiet:
        tell_remark(f"{count_of(len(crates), 'crate')}, {size_of(size)}, in {output / CRATES}")


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
    with writing(output):
        output.mkdir(parents=True, exist_ok=True)
        place = TemporaryDirectory(dir=output, prefix=".crates-", ignore_cleanup_errors=True)
    with place as folder:
        yield Path(folder)


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
            landed(file)

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
