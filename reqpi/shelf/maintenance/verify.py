"""Verification of a store: hash every file and every lock again, and read every frozen list.

Nothing here asks an upstream, and nothing counts as use: an unused lock grows old all the same.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from functools import partial

from attrs import evolve, frozen
from packaging.utils import canonicalize_name

from reqpi.core import admission, locks
from reqpi.core import frozen_pages as freezer
from reqpi.core.address import address_of, is_listing, parse_listing
from reqpi.core.decisions import UNSEALED
from reqpi.core.errors import BrokenLock, DamagedRecord, StoreTrouble
from reqpi.core.interfaces import Store
from reqpi.core.model import Lock
from reqpi.core.report import Document
from reqpi.runtime.offload import FROZEN_PAGE, LOCK
from reqpi.shelf.files.hashing import Pace, at_full_speed, is_right
from reqpi.shelf.maintenance.attestation_checks import attestation_checks
from reqpi.shelf.maintenance.record_checks import REMADE, check
from reqpi.shelf.record_reading import read_record
from reqpi.shelf.records import Owner, document_record, kind_of, lock_record, name_for_logs, page_record

__all__ = ["Damage", "StoreVerdict", "Verification"]

_SHOWN = 1000
"""Damages that a verdict lists; the others are only counted."""


@frozen
class Damage:
    """One damaged file or record.

    :param kind: ``file``, ``lock``, ``document``, ``frozen list``, ``record`` or ``provenance object``.
    :param name: its sha256, its address, its address and project or filename, or the name of the record without a token
        in it.
    :param problem: what is wrong with it.
    :param repaired: whether it was repaired.
    """

    kind: str
    name: str
    problem: str
    repaired: bool = False


@frozen
class StoreVerdict:
    """The result of a verification: what was read, and what is damaged.

    :param files: how many files were hashed.
    :param size: the bytes of these files.
    :param locks: how many locks were read.
    :param lists: how many frozen lists were read.
    :param records: how many other records were read.
    :param damages: the first thousand damages.
    :param left: the number of damages that were not repaired, including those that are not listed.
    :param trusted: frozen lists whose lock gives no digest for some pin: only a seal tells whether they were changed.
    :param sealed: frozen lists and decisions that were sealed.
    :param attested: provenance objects of which every attestation was verified.
    :param lost: removed files that are on a frozen list: address, project and filename of each.
    """

    files: int = 0
    size: int = 0
    locks: int = 0
    lists: int = 0
    records: int = 0
    damages: tuple[Damage, ...] = ()
    left: int = 0
    lost: tuple[tuple[str, str, str], ...] = ()
    trusted: int = 0
    sealed: int = 0
    attested: int = 0

    def found(self, damage: Damage) -> StoreVerdict:
        """Return the verdict with one more damage."""
        damages = (*self.damages, damage) if len(self.damages) < _SHOWN else self.damages
        return evolve(self, damages=damages, left=self.left + (not damage.repaired))


class Verification:
    """A verification of one store.

    :param repair: whether to remove files with wrong bytes, and damaged records that can be made again. A server
        fetches such a file, or makes such a record, when it is requested the next time.
    :param pace: called with the length of each piece of a file; may delay the reading.
    :param unsealed: returns a record that is not sealed as it should be, by its name; each frozen list and decision
        that it returns is sealed if nothing else is wrong with it. ``None``: nothing is sealed.
    :param attestations: whether to verify the attestations of the provenance objects that are kept. pypi-attestations
        must be installed.
    """

    def __init__(
        self,
        store: Store,
        *,
        repair: bool = False,
        pace: Pace = at_full_speed,
        unsealed: Callable[[str], Awaitable[bytes | None]] | None = None,
        attestations: bool = False,
    ) -> None:
        self._store = store
        self._repair = repair
        self._pace = pace
        self._unsealed = unsealed
        self._attestations = attestations
        self._removed: set[str] = set()

    async def run(self) -> StoreVerdict:
        """Verify everything once. A file or record that is added or removed meanwhile does not count as damage."""
        verdict = StoreVerdict()
        async for sha256 in self._store.all():
            verdict = await self._file(verdict, sha256)
        async for record in self._store.names(document_record("")):
            name = record.rpartition("/")[2]
            data = await self._store.get(record)
            if data is not None and address_of(data) != name:
                verdict = verdict.found(Damage("document", name, "its bytes do not match its digest"))
        async for record in self._store.names(lock_record("")):
            verdict = await self._lock(verdict, record.rpartition("/")[2])
        for kind in REMADE:
            async for record in self._store.names(kind.below()):
                verdict = await self._record(verdict, record)
        return verdict

    async def _record(self, verdict: StoreVerdict, record: str) -> StoreVerdict:
        """Check a record that a server makes again when it is missing."""
        decided = kind_of(record).owner is Owner.OPERATOR  # it is not made again: the operator has to decide again
        unsealed = await self._unsealed(record) if decided and self._unsealed is not None else None
        data = unsealed or await self._store.get(record)
        if data is None:
            return await self._unsealed_decision(verdict, record) if decided else verdict
        verdict = evolve(verdict, records=verdict.records + 1)
        try:
            damaged = check(record, data)
        except StoreTrouble as trouble:
            return verdict.found(Damage("record", name_for_logs(record), str(trouble)))
        if damaged is not None:
            removed = self._repair and not decided and await self._store.delete(record)
            return verdict.found(Damage("record", damaged.record, damaged.problem, repaired=removed))
        return verdict if unsealed is None else await self._sealed(verdict, record, unsealed)

    async def _unsealed_decision(self, verdict: StoreVerdict, record: str) -> StoreVerdict:
        """Name a decision that is there and is not believed."""
        if await self._store.last_used(record) is None:
            return verdict
        return evolve(verdict, records=verdict.records + 1).found(Damage("record", name_for_logs(record), UNSEALED))

    async def _sealed(self, verdict: StoreVerdict, record: str, unsealed: bytes) -> StoreVerdict:
        await self._store.replace(record, unsealed)
        return evolve(verdict, sealed=verdict.sealed + 1)

    async def _file(self, verdict: StoreVerdict, sha256: str) -> StoreVerdict:
        try:
            size = await self._store.size(sha256) or 0
            right = await is_right(self._store, sha256, self._pace)
        except KeyError:
            return verdict
        except StoreTrouble as trouble:
            repaired = self._repair and await self._is_repaired(sha256)
            return evolve(verdict, files=verdict.files + 1).found(Damage("file", sha256, str(trouble), repaired))
        verdict = evolve(verdict, files=verdict.files + 1, size=verdict.size + size)
        if right:
            return verdict
        removed = self._repair and await self._store.repair(sha256)
        if removed:
            self._removed.add(sha256)
        return verdict.found(Damage("file", sha256, "its bytes do not match its digest", repaired=removed))

    async def _is_repaired(self, sha256: str) -> bool:
        """Remove what is in the place of a file and is none, such as a symbolic link; return whether it is gone."""
        try:
            return await self._store.size(sha256) is None and await self._store.repair(sha256)
        except StoreTrouble:
            return False

    async def _lock(self, verdict: StoreVerdict, address: str) -> StoreVerdict:
        data = await self._store.get(lock_record(address))
        if data is None:
            return verdict
        verdict = evolve(verdict, locks=verdict.locks + 1)
        if address_of(data) != address:
            return verdict.found(Damage("lock", address, "its bytes do not match its address"))
        try:
            lock = await self._read(data)
        except (BrokenLock, StoreTrouble) as error:
            return verdict.found(Damage("lock", address, str(error)))
        async for record in self._store.names(page_record(address)):
            verdict = await self._list(verdict, lock, address, record)
        return verdict

    async def _list(self, verdict: StoreVerdict, lock: Lock, address: str, record: str) -> StoreVerdict:
        project = record.rpartition("/")[2]
        unsealed = None if self._unsealed is None else await self._unsealed(record)
        try:
            written = unsealed or await self._store.get(record)
        except StoreTrouble as trouble:
            damage = Damage("frozen list", f"{address}/{project}", trouble.title)
            return evolve(verdict, lists=verdict.lists + 1).found(damage)
        if written is None:
            return verdict
        problem, lost = await FROZEN_PAGE.run(len(written), self._looked_at, lock, record, written)
        lost_here = tuple((address, project, filename) for filename in lost)
        verdict = evolve(verdict, lists=verdict.lists + 1, lost=(*verdict.lost, *lost_here)[:_SHOWN])
        if problem:
            return verdict.found(Damage("frozen list", f"{address}/{project}", problem))
        if unsealed is not None:
            verdict = await self._sealed(verdict, record, unsealed)
        if self._attestations:
            verdict = await self._attested(verdict, lock, address, record, written)
        pins = lock.projects[canonicalize_name(project)]
        return evolve(verdict, trusted=verdict.trusted + any(not admission.required(pin) for pin in pins))

    async def _attested(
        self, verdict: StoreVerdict, lock: Lock, address: str, record: str, written: bytes
    ) -> StoreVerdict:
        """Verify the attestations of the files on a frozen list."""
        page = freezer.load(written, canonicalize_name(record.rpartition("/")[2]))
        async for filename, problem in attestation_checks(self._store, lock, address, page):
            if problem:
                verdict = verdict.found(Damage("provenance object", f"{address}/{filename}", problem))
            else:
                verdict = evolve(verdict, attested=verdict.attested + 1)
        return verdict

    async def _read(self, data: bytes) -> Lock:
        """Read a lock from its one document or from those that it lists."""
        if not is_listing(data):
            return await LOCK.run(len(data), locks.read, data)
        documents = [document async for document in self._listed(data)]
        return await LOCK.run(sum(len(document.data) for document in documents), locks.read_together, documents)

    async def _listed(self, listing: bytes) -> AsyncGenerator[Document, None]:
        for sha256, path in parse_listing(listing):
            document = await self._store.get(document_record(sha256))
            if document is None:
                raise StoreTrouble(f"its document {path} is missing")
            if address_of(document) != sha256:
                raise StoreTrouble(f"its document {path} is damaged")
            yield Document(path, document)

    def _looked_at(self, lock: Lock, record: str, written: bytes) -> tuple[str, list[str]]:
        """Return what is wrong with a frozen list, "" if nothing is, and its files that were removed."""
        name = canonicalize_name(record.rpartition("/")[2])
        if name not in lock.projects:
            return "its lock does not pin the project", []
        try:
            page = read_record(record, written, partial(freezer.load, project=name))
        except DamagedRecord as damaged:
            return damaged.problem, []
        except StoreTrouble as trouble:
            return trouble.title, []
        lost = [file.filename for file in page.files if file.sha256 in self._removed]
        foreign = [file.filename for file in page.files if not admission.has_right_bytes(lock, file)]
        return f"its lock does not admit {foreign[0]}" if foreign else "", lost
