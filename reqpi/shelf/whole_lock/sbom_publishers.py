"""Who published the files that an SBOM describes, recorded once all of it is known.

An SBOM that clients may cache forever must not say more tomorrow. So publishers are recorded before the SBOM is final;
one that became final without them stays without them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

from reqpi.core import sbom
from reqpi.core.errors import NotFound, UpstreamTrouble
from reqpi.core.interfaces import Store
from reqpi.core.model import Commitment, File, Page, Project
from reqpi.core.provenance.publishers import Publisher
from reqpi.core.sbom import record
from reqpi.runtime.offload import in_thread
from reqpi.runtime.singleflight import each
from reqpi.shelf.provenance.stored import WrongProvenance
from reqpi.shelf.provenance.verifying import Unverified
from reqpi.shelf.record_reading import read_record
from reqpi.shelf.records import sbom_record
from reqpi.shelf.shelf import Shelf

__all__ = ["SbomPublishers"]

_AT_ONCE = 8
"""Provenance objects that one SBOM requests concurrently."""

Known = Mapping[File, tuple[Publisher, ...]]


class SbomPublishers:
    """The publishers that the SBOMs of every lock report."""

    def __init__(self, shelf: Shelf, store: Store) -> None:
        self._shelf = shelf
        self._store = store

    async def of(
        self, commitment: Commitment, pages: Mapping[Project, Page], *, final: bool, lasting: bool
    ) -> tuple[Known, bool]:
        """Return the publishers of the file that describes each component, and whether they are final.

        :param final: the SBOM was final before, so that it can say no more.
        :param lasting: the pages have all files: none is denied.
        """
        described = {str(file.sha256): file for file in await in_thread(_described, commitment, pages)}
        name = sbom_record(commitment.address, "publishers")
        recorded = await self._store.get(name)
        said: Mapping[str, tuple[Publisher, ...]] | None = None
        if recorded is not None:
            said = read_record(name, recorded, record.load_publishers)
        if said is None and (final or not self._shelf.provenance.is_verified or not described):
            return {}, True
        if said is None or not described.keys() <= said.keys():  # then the pages were frozen again
            found = await each(described.values(), partial(self._publishers, commitment), _AT_ONCE)
            known = {file: publishers for file, publishers in found.items() if publishers is not None}
            if not lasting or len(known) < len(described):
                return known, False
            said = await self._recorded(name, {str(file.sha256): known[file] for file in known}, first=said is None)
        return {file: said.get(sha256, ()) for sha256, file in described.items()}, True

    async def _recorded(
        self, name: str, known: Mapping[str, tuple[Publisher, ...]], *, first: bool
    ) -> Mapping[str, tuple[Publisher, ...]]:
        """Record who published; return what another process has recorded, if it was faster."""
        data = record.dump_publishers(known)
        if not first:
            await self._store.replace(name, data)
            return known
        return read_record(name, await self._store.create(name, data), record.load_publishers)

    async def _publishers(self, commitment: Commitment, file: File) -> tuple[Publisher, ...] | None:
        """Return the publishers of a file; ``None`` if they may be known later."""
        try:
            return await self._shelf.provenance.publishers(commitment, file.project, file.filename)
        except (Unverified, WrongProvenance, NotFound):
            return ()
        except UpstreamTrouble:
            return None


def _described(commitment: Commitment, pages: Mapping[Project, Page]) -> Sequence[File]:
    files = {file for page in pages.values() for file in page.files}
    return [file for file in sbom.described_by(commitment, pages, files) if file.provenance is not None]
