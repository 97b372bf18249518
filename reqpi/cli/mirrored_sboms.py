"""The SBOMs of a static tree, made here from the lock and the verified wheels."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from reqpi.cli.inputs.checked_sbom import SBOM_DOCUMENTS, SBOM_TYPES, SBOM_WRITERS, checked_sbom
from reqpi.cli.messages import tell_remark
from reqpi.cli.mirrored_files import MirroredFiles
from reqpi.client.sboms import take_sbom
from reqpi.core import sbom
from reqpi.core.crates.sbom import with_committed
from reqpi.core.metadata.wheel import BrokenWheel
from reqpi.core.model import File
from reqpi.core.sbom.inside import InsideSbom, bounded, read_inside, with_inside
from reqpi.core.sbom.record import of_interest
from reqpi.core.static_tree.resource import StaticResource

__all__ = ["sbom_resources"]


def sbom_resources(url: str, mirrored: MirroredFiles, folder: Path) -> Iterator[StaticResource]:
    """Yield the SBOMs in both formats.

    If files have provenance, the SBOM of a server may name their publishers, so that one is taken if it is final.

    :param url: the server.
    :param folder: has the verified files, named after their sha256.
    """
    own = _made(mirrored, folder)
    if own is None:
        tell_remark("the SBOMs are left out: the core metadata of a wheel cannot be read")
        return
    for kind, name in SBOM_DOCUMENTS.items():
        body = SBOM_WRITERS[kind](own)
        if mirrored.provenance:
            theirs = take_sbom(url, f"/{mirrored.listing.commitment.address}/{name}")
            body = checked_sbom(theirs.body, mirrored.listing, None, kind) if theirs.complete else body
        yield StaticResource(name, name, SBOM_TYPES[kind], body)


def _made(mirrored: MirroredFiles, folder: Path) -> sbom.Sbom | None:
    """Return the SBOM as a server makes it that has all wheels; ``None`` if the core metadata of one is missing."""
    commitment, pages = mirrored.listing.commitment, mirrored.listing.pages
    described = list(sbom.described_by(commitment, pages))
    if not mirrored.metadata.keys() >= set(described):
        return None
    projects = commitment.lock.projects
    known = {file: of_interest(sbom.about(mirrored.metadata[file]), projects) for file in described}
    made = with_committed(sbom.sbom_of(commitment, pages, known), commitment.lock)
    wheels = {str(file.sha256): file for file in mirrored.files if file.wheel}
    by_name = sorted(wheels.items(), key=lambda item: item[1].filename)
    return with_inside(made, bounded([(digest, _inside(wheel, folder)) for digest, wheel in by_name]))


def _inside(wheel: File, folder: Path) -> tuple[InsideSbom, ...]:
    """Return the SBOMs inside a wheel; none if it is broken, as no client installs it."""
    try:
        with (folder / str(wheel.sha256)).open("rb") as content:
            return read_inside(content, wheel.filename, wheel.project)
    except BrokenWheel:
        return ()
