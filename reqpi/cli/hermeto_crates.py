"""The crates of the packages of a source: the fetch, and their components in the SBOM."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path

from reqpi.cli.fetched_crates import fetch_crates
from reqpi.cli.folders.output_folder import OutputFolder
from reqpi.cli.folders.passing_files import forgetting
from reqpi.cli.hermeto_packages import ChosenFiles
from reqpi.cli.inputs.needed_crates import SdistCrates, needed_crates, refuse_unpinned, without_wheel
from reqpi.core.crates.model import Crate
from reqpi.core.crates.reading import crates_of
from reqpi.core.crates.sbom import NeededCrates, main_package, with_crates
from reqpi.core.sbom import Sbom

__all__ = ["crates_fetched", "sbom_with_crates"]


def crates_fetched(
    options: argparse.Namespace, output: OutputFolder, url: str, picks: Sequence[ChosenFiles], room: Path | None
) -> dict[str, SdistCrates]:
    """Fetch the crates of all sdists; return them by the path of the package.

    :param room: the folder in which a server inside this process keeps files meanwhile.
    :raises reqpi.client.errors.CratesNotPinned: an sdist has no Cargo.lock, or a wrong one, and there is no wheel of
        its release.
    """
    found: dict[str, SdistCrates] = {}
    wanted: dict[str, list[Crate]] = {}
    for pick in picks:
        files = pick.listed()
        sdists = [file for file in files if not file.filename.endswith(".whl")]
        needed = needed_crates(sdists, output.deps, crates_of(pick.work.lock))
        refuse_unpinned(needed, [sdist.name for sdist in without_wheel(sdists, files)])
        wanted.setdefault(pick.commitment.address, []).extend(needed.crates)
        found[pick.work.files.path] = needed
    fetch_crates(url, wanted, output.folder, options, forgetting(room))
    return found


def sbom_with_crates(sbom: Sbom, crates: SdistCrates | None) -> Sbom:
    """Return the SBOM of a package with the crates that it needs, as Hermeto lists them.

    :param sbom: the package itself is its main component, and requires the crates of committed Cargo.locks.
    """
    return sbom if crates is None else with_crates(sbom, _needed(sbom, crates), annotate=True)


def _needed(sbom: Sbom, crates: SdistCrates) -> Iterator[NeededCrates]:
    refs = {artifact.filename: component.ref for component in sbom.components for artifact in component.artifacts}
    for name, lock in crates.locks.items():
        yield NeededCrates(lock, refs.get(name, ""), main_package(crates.found[name]))
    for lock in crates.committed:
        yield NeededCrates(lock, sbom.own.ref if sbom.own is not None else "")
