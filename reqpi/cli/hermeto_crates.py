"""The crates of the packages of a source: those that Cargo.locks pin, and in the permissive mode those of new ones."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from reqpi.cli.fetched_crates import fetch_crates
from reqpi.cli.folders.new_cargo_locks import write_new_locks
from reqpi.cli.folders.output_folder import OutputFolder
from reqpi.cli.hermeto_packages import ChosenFiles
from reqpi.cli.inputs.cargo_locks import PERMISSIVE, with_new_locks, with_stale_locks
from reqpi.cli.inputs.crate_lines import OpenCrates, frozen_lines
from reqpi.cli.inputs.lock_files import LockFiles, committed
from reqpi.cli.inputs.needed_crates import (
    NeededCrates,
    SdistLocks,
    needed_crates,
    refuse_unpinned,
    without_wheel,
)
from reqpi.cli.messages import DocumentNames
from reqpi.client.listed_file import ListedFile
from reqpi.core.crates.model import Crate, GitCrate
from reqpi.core.crates.reading import crates_of
from reqpi.core.report import Document

__all__ = ["crates_of_packages"]


def crates_of_packages(
    options: argparse.Namespace,
    output: OutputFolder,
    url: str,
    picks: Sequence[ChosenFiles],
    *,
    landed: Callable[[ListedFile], None],
    view: OpenCrates | None,
    known: SdistLocks,
) -> Mapping[str, NeededCrates]:
    """Fetch the crates of all sdists; return those of each package, by its path.

    :param landed: called from several threads with each crate that is there.
    :param view: what cargo may choose from in the permissive mode; ``None`` if the server is not in this process.
    :param known: the sdists that were read while others were fetched.
    :raises reqpi.client.errors.CratesNotPinned: an sdist has no Cargo.lock, or a wrong one, and no wheel of its release
        is there.
    """
    wanted: dict[str, list[Crate | GitCrate]] = {}
    by_package: dict[str, NeededCrates] = {}
    for pick in picks:
        needed = _needed(options, output, url, pick, view, known=known)
        wanted.setdefault(pick.commitment.address, []).extend(needed.admitted)
        for name, data in needed.regenerated.items():
            # From here on it is a lock like any other: its address admits the crates that it names, and no others. None
            # of them is from git: cargo makes no lock for an sdist that takes one from there.
            taken = LockFiles((Document("", data),), DocumentNames(f"the new Cargo.lock of {name}"))
            address = committed(url, taken, quiet=options.quiet).address
            wanted.setdefault(address, []).extend(needed.locks[name].crates)
        by_package[pick.work.files.path] = needed
    fetch_crates(url, wanted, output.folder, options, landed, keep=False)
    write_new_locks(
        output.folder, {name: data for needed in by_package.values() for name, data in needed.regenerated.items()}
    )
    return by_package


def _needed(
    options: argparse.Namespace,
    output: OutputFolder,
    url: str,
    pick: ChosenFiles,
    view: OpenCrates | None,
    *,
    known: SdistLocks,
) -> NeededCrates:
    """Return the crates that the sdists of a package need.

    :raises reqpi.client.errors.CratesNotPinned: nothing pins those of an sdist that has to be built.
    """
    files = pick.listed()
    sdists = [file for file in files if not file.filename.endswith(".whl")]
    built = without_wheel(sdists, files)
    needed = needed_crates(sdists, output.deps, crates_of(pick.work.lock), known)
    needed = with_stale_locks(needed, built, output.deps, partial(frozen_lines, url, pick.commitment.address))
    permissive = options.mode == "permissive"
    if permissive:
        needed = with_new_locks(needed, built, output.deps, view)
    advice = "" if permissive or options.source is None else PERMISSIVE  # a request of Cachito has no mode
    refuse_unpinned(needed, [sdist.name for sdist in built], advice)
    return needed
