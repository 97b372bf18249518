"""Crates as components of an SBOM, with edges from the sdist that needs them, in Hermeto's spelling.

===========================  =============================================================================
from the default registry    ``pkg:cargo/cfg-if@1.0.0?checksum=<hex digits>``
from another registry        ``pkg:cargo/cfg-if@1.0.0?checksum=<hex digits>&repository_url=https://…``
from git                     ``pkg:cargo/cfg-if@1.0.0?vcs_url=git%2Bhttps://example.org/cfg-if%40<commit>``
inside the sdist             ``pkg:cargo/cfg-if@1.0.0``
===========================  =============================================================================
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from attrs import evolve, frozen
from packageurl import PackageURL

from reqpi.core.crates.manifest import read_tables
from reqpi.core.crates.model import CargoLock, Crate, GitCrate, LocalCrate, Package
from reqpi.core.crates.reading import crates_of
from reqpi.core.crates.sdist import SdistCargoLock
from reqpi.core.model import Digest, Lock
from reqpi.core.sbom.gathering import united
from reqpi.core.sbom.model import Artifact, Component, Sbom

__all__ = ["CARGO", "GENERATED", "ComponentCrates", "main_package", "purl_of_crate", "with_committed", "with_crates"]

CARGO = "hermeto:backend:cargo"
"""The annotation by which Hermeto names the backend that fetched a crate."""

GENERATED = "hermeto:permissive-mode:cargo:generated-lockfile"
"""The annotation by which Hermeto says that cargo has chosen a crate during the fetch, and no lock had."""


@frozen
class ComponentCrates:
    """The crates that a Cargo.lock names, and what needs them.

    :param needed_by: the ref of a component: the sdist whose Cargo.lock it is, or the project that a committed one
        belongs to; empty if no component is known to need them.
    :param main: the name of the package that this component is: it is no component of its own.
    :param generated: cargo has made it during the fetch.
    """

    lock: CargoLock
    needed_by: str = ""
    main: str = ""
    generated: bool = False


def purl_of_crate(package: Package) -> str:
    """Return the purl of a package of a Cargo.lock."""
    qualifiers: dict[str, str] = {}
    if isinstance(package, Crate):
        qualifiers["checksum"] = package.sha256
        if package.registry:
            qualifiers["repository_url"] = package.registry.removeprefix("registry+")
    elif isinstance(package, GitCrate):
        qualifiers["vcs_url"] = f"git+{package.url}@{package.commit}"
    return PackageURL("cargo", None, package.name, package.version, qualifiers).to_string()


def main_package(found: SdistCargoLock) -> str:
    """Return the name of the package next to a Cargo.lock, as Hermeto has it.

    That of a workspace without a package is the name of its folder, without what follows its last dot.
    """
    package = _tables(found.manifest or b"").get("package")
    name = package.get("name") if isinstance(package, dict) else None
    if isinstance(name, str):
        return name
    stem, dot, _ = found.folder.rpartition(".")
    return stem if dot and stem else found.folder


def _tables(manifest: bytes) -> Mapping[str, object]:
    try:
        return read_tables(manifest)
    except ValueError:
        return {}


def with_committed(sbom: Sbom, lock: Lock) -> Sbom:
    """Return ``sbom`` with the crates of the Cargo.locks among the documents of a lock."""
    committed = crates_of(lock)
    return with_crates(sbom, map(ComponentCrates, committed)) if committed else sbom


def with_crates(sbom: Sbom, needed: Iterable[ComponentCrates], *, annotate: bool = False) -> Sbom:
    """Return ``sbom`` with all packages of some Cargo.locks as components, each once.

    :param annotate: name the backend, as Hermeto does.
    """
    all_needed = list(needed)
    refs = {component.ref for component in sbom.components}
    components = [component for each in all_needed for component in _components(each, annotate)]
    edges = {edge for each in all_needed for edge in _edges(each, refs)}
    return evolve(
        sbom,
        components=united([*sbom.components, *components]),
        edges=tuple(sorted({*sbom.edges, *edges})),
    )


def _components(needed: ComponentCrates, annotate: bool) -> Iterator[Component]:
    annotations = (CARGO, *([GENERATED] if needed.generated else [])) if annotate else ()
    for package in needed.lock.packages:
        if not _is_main(package, needed):
            yield Component(
                purl_of_crate(package),
                package.name,
                package.version,
                tuple(_artifacts(package)),
                annotations=annotations,
            )


def _artifacts(package: Package) -> Iterator[Artifact]:
    if isinstance(package, Crate):
        yield Artifact(package.filename, wheel=False, digests=(Digest("sha256", package.sha256),))
    elif isinstance(package, GitCrate):
        yield Artifact(f"{package.name}-{package.commit}", wheel=False, url=f"git+{package.url}@{package.commit}")


def _is_main(package: Package, needed: ComponentCrates) -> bool:
    return isinstance(package, LocalCrate) and package.name == needed.main


def _edges(needed: ComponentCrates, refs: set[str]) -> Iterator[tuple[str, str]]:
    """Yield the edges between packages, and those from the component that needs them."""
    top = needed.needed_by if needed.needed_by in refs else ""
    names = {each: top if _is_main(each, needed) else purl_of_crate(each) for each in needed.lock.packages}
    between = [(names[one], names[other]) for one, others in needed.lock.edges.items() for other in others]
    found = {(one, other) for one, other in between if one and other and one != other}
    yield from found
    if top:
        yield from ((top, other) for other in _unreached(top, {*names.values()} - {"", top}, found))


def _unreached(top: str, refs: set[str], edges: set[tuple[str, str]]) -> Iterator[str]:
    """Yield the refs that the top component must name so that it reaches all: those that no other needs come first."""
    after: dict[str, list[str]] = {}
    for one, other in edges:
        after.setdefault(one, []).append(other)
    reached = set(_reached([top], after))
    needed = {other for _, other in edges}
    for ref in sorted(refs, key=lambda ref: (ref in needed, ref)):
        if ref not in reached:
            yield ref
            reached.update(_reached([ref], after))


def _reached(waiting: list[str], after: Mapping[str, list[str]]) -> set[str]:
    reached = set(waiting)
    while waiting:
        new = [ref for ref in after.get(waiting.pop(), ()) if ref not in reached]
        reached.update(new)
        waiting += new
    return reached
