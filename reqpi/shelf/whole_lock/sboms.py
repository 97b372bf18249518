"""SBOMs of locks, with the core metadata of all components, which is recorded once all of it is verified.

Clients may cache an SBOM forever, so a later one must not contain more. The core metadata of every component is read,
and the SBOMs inside all wheels. If all of it was read from verified wheels, it is recorded, create-if-absent, and from
then on each replica makes its SBOMs from that record. While some of it is missing or an upstream's claim, an SBOM is
made from the core metadata that is known, and is not to be cached.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial

from attrs import evolve, frozen
from twisted.internet.defer import DeferredSemaphore
from twisted.internet.interfaces import IReactorTime

from reqpi.core import sbom
from reqpi.core.crates.sbom import with_committed
from reqpi.core.denials import is_withheld
from reqpi.core.errors import Pending, UpstreamTrouble
from reqpi.core.interfaces import Store
from reqpi.core.model import Commitment, File, Page, Project
from reqpi.core.sbom import record
from reqpi.core.sbom.inside import InsideSbom, with_inside
from reqpi.core.sbom.record import RecordedSbom
from reqpi.runtime.offload import in_thread
from reqpi.runtime.singleflight import PATIENCE, SingleFlight, each, within
from reqpi.shelf.record_reading import read_record
from reqpi.shelf.records import sbom_record
from reqpi.shelf.shelf import Shelf
from reqpi.shelf.whole_lock.sbom_publishers import SbomPublishers
from reqpi.shelf.whole_lock.sboms_in_wheels import sboms_in_wheels

__all__ = ["SbomResponse", "Sboms"]

_AT_ONCE = 8
"""Metadata files that one SBOM requests concurrently."""

_ROUNDS = 3
"""How often metadata that is being fetched is waited for, ten seconds each time."""

_WRITERS = 1
"""SBOMs that are written concurrently: the work keeps one core busy."""

_MOST = 32
"""SBOMs that may be requested at the same time, each for another lock, project or format."""

_Inside = Mapping[str, Sequence[InsideSbom]]

Writer = Callable[[sbom.Sbom], bytes]


@frozen
class SbomResponse:
    """An SBOM as it is sent.

    :param body: the document.
    :param complete: whether the SBOM of this lock will never contain more.
    """

    body: bytes
    complete: bool


class Sboms:
    """The SBOMs of every lock."""

    def __init__(self, shelf: Shelf, store: Store, clock: IReactorTime) -> None:
        self._shelf = shelf
        self._store = store
        self._clock = clock
        self._publishers = SbomPublishers(shelf, store)
        self._under_way: SingleFlight[SbomResponse] = SingleFlight()
        self._gathering: SingleFlight[tuple[sbom.Sbom, bool]] = SingleFlight()
        self._asked_for = 0
        self._writing = DeferredSemaphore(_WRITERS)

    async def written(
        self, commitment: Commitment, own: sbom.MainComponent | None, write: Writer, index: str = ""
    ) -> SbomResponse:
        """Return the SBOM of a lock.

        :param own: the project whose lock it is.
        :param write: the writer of one of the formats of :mod:`reqpi.core.sbom`.
        :param index: the URL of the default index, if purls are to name it.
        :raises reqpi.core.errors.UpstreamTrouble: some page is not frozen yet, or core metadata is being fetched.
        """
        key = (commitment.address, id(commitment), own, write, index)
        waiting = self._under_way.do(key, partial(self._made, commitment, own, write, index))
        return await within(PATIENCE, self._clock, waiting, f"the SBOM of lock {commitment.short} is")

    async def _made(
        self, commitment: Commitment, own: sbom.MainComponent | None, write: Writer, index: str
    ) -> SbomResponse:
        if self._asked_for >= _MOST:
            raise Pending(f"{_MOST} SBOMs are on the way", "This one comes after them. Ask again in a moment.")
        self._asked_for += 1
        try:
            # The gathered data are the same for every project that a caller claims the lock belongs to.
            key = (commitment.address, id(commitment))
            gathered, final = await self._gathering.do(key, partial(self._gathered, commitment))
            body = await self._writing.run(in_thread, _write, gathered.of(own), index, write)
            return SbomResponse(body, final and not gathered.unread)
        finally:
            self._asked_for -= 1

    async def _gathered(self, commitment: Commitment) -> tuple[sbom.Sbom, bool]:
        """Return the SBOM, and whether it is final."""
        pages = await self._shelf.pages(commitment)
        described = await in_thread(sbom.described_by, commitment, pages)
        lasting = not is_withheld(pages.values())
        before = await self._store.get(sbom_record(commitment.address, "metadata")) is not None
        published, settled = await self._publishers.of(commitment, pages, final=before, lasting=lasting)
        wheels = [file for page in pages.values() for file in page.files if file.wheel]
        known, inside, final = await self._known(commitment, described, wheels, lasting=lasting and settled)
        for file in published:
            if file in known or not file.wheel:  # without its metadata, a wheel counts as unread
                known[file] = evolve(known.get(file, sbom.About()), publishers=published[file])
        return await self._writing.run(in_thread, _made_of, commitment, pages, known, inside), final

    async def _known(
        self, commitment: Commitment, described: Iterable[File], wheels: Iterable[File], *, lasting: bool
    ) -> tuple[dict[File, sbom.About], _Inside, bool]:
        """Return the recorded core metadata, the SBOMs inside wheels, and whether these are final.

        If nothing is recorded, return what can be obtained now. It is recorded if all of it is there and verified.

        :param lasting: these are all files: none is denied.
        """
        files = {str(file.sha256): file for file in described}
        name = sbom_record(commitment.address, "metadata")
        recorded = await self._store.get(name)
        stands = RecordedSbom()
        if recorded is not None:
            stands = await in_thread(read_record, name, recorded, record.load)
        if recorded is None or not files.keys() <= stands.known.keys():  # then the pages were frozen again
            found = await self._found(commitment, files.values())
            if not lasting or len(found) < len(files) or not await self._is_verified(commitment, files.values()):
                return found, {}, False
            inside = await sboms_in_wheels(self._shelf, commitment, wheels)
            if inside is None:
                return found, {}, False
            about = {str(file.sha256): about for file, about in found.items()}
            stands = await self._recorded(name, RecordedSbom(about, inside))
        # The record is final: finding more would make a different SBOM.
        return {file: stands.known[sha256] for sha256, file in files.items()}, stands.inside, lasting

    async def _recorded(self, name: str, fresh: RecordedSbom) -> RecordedSbom:
        """Record what was read; return what another process has recorded of the same files, if it was faster."""
        data = await in_thread(record.dump, fresh.known, fresh.inside)
        stands: RecordedSbom = await in_thread(read_record, name, await self._store.create(name, data), record.load)
        if fresh.known.keys() <= stands.known.keys():
            return stands
        await self._store.replace(name, data)
        return fresh

    async def _is_verified(self, commitment: Commitment, files: Iterable[File]) -> bool:
        """Return whether all core metadata was read from verified wheels: a claim must not be recorded as final."""
        settled = await each(files, partial(self._is_settled, commitment), _AT_ONCE)
        return all(settled.values())

    async def _is_settled(self, commitment: Commitment, file: File) -> bool:
        return await self._shelf.is_settled(commitment, file.project, file.filename)

    async def _found(self, commitment: Commitment, files: Iterable[File]) -> dict[File, sbom.About]:
        """Return the core metadata of those files whose metadata can be obtained."""
        found: dict[File, sbom.About] = {}
        missing = list(files)
        for _ in range(_ROUNDS):
            outcomes = await each(missing, partial(self._about, commitment), _AT_ONCE)
            found |= {file: outcome for file, outcome in outcomes.items() if isinstance(outcome, sbom.About)}
            missing = [
                file for file, outcome in outcomes.items() if isinstance(outcome, UpstreamTrouble) and not outcome.final
            ]
            if not missing:
                break
        return found

    async def _about(self, commitment: Commitment, file: File) -> sbom.About | UpstreamTrouble:
        try:
            metadata = await self._shelf.metadata(commitment, file.project, file.filename)
        except UpstreamTrouble as trouble:
            return trouble
        return await in_thread(_read, metadata, commitment)


def _read(metadata: bytes, commitment: Commitment) -> sbom.About:
    return record.of_interest(sbom.about(metadata), commitment.lock.projects)


def _made_of(
    commitment: Commitment, pages: Mapping[Project, Page], known: Mapping[File, sbom.About], inside: _Inside
) -> sbom.Sbom:
    return with_inside(with_committed(sbom.sbom_of(commitment, pages, known), commitment.lock), inside)


def _write(gathered: sbom.Sbom, index: str, write: Writer) -> bytes:
    return write(sbom.with_index(gathered, index))
