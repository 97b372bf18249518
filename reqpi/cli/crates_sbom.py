"""The crates of fetched sdists in the SBOM of the package that needs them."""

from __future__ import annotations

from collections.abc import Iterator

from reqpi.cli.inputs.needed_crates import NeededCrates
from reqpi.core.crates.sbom import ComponentCrates, with_crates
from reqpi.core.sbom import Sbom

__all__ = ["crates_listed"]


def crates_listed(sbom: Sbom, needed: NeededCrates | None) -> Sbom:
    """Return the SBOM of a package with the crates that it needs, each with Hermeto's annotation.

    :param sbom: the package itself is its main component, and requires the crates of committed Cargo.locks.
    """
    return sbom if needed is None else with_crates(sbom, _needs(sbom, needed), annotate=True)


def _needs(sbom: Sbom, needed: NeededCrates) -> Iterator[ComponentCrates]:
    refs = {file.filename: component.ref for component in sbom.components for file in component.artifacts}
    for name, lock in needed.locks.items():
        generated = name in needed.regenerated
        yield ComponentCrates(lock, refs.get(name, ""), needed.mains.get(name, ""), generated=generated)
    for lock in needed.committed:
        yield ComponentCrates(lock, sbom.own.ref if sbom.own is not None else "")
