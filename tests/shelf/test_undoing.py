"""Pages that are frozen again, though the store or the upstream is in trouble, and while they are read."""

from __future__ import annotations

from twisted.internet.defer import Deferred

from reqpi.core.decisions import REFREEZE, load_decision
from reqpi.core.errors import StoreTrouble, UnsealedRecord
from reqpi.core.model import Commitment
from reqpi.core.page_change import PageChange
from reqpi.core.report import Note
from reqpi.core.targets import EVERYWHERE
from reqpi.shelf.maintenance.undoing import Undoing
from reqpi.shelf.records import (
    claimed_build_system_record,
    claimed_metadata_record,
    decision_record,
    holding_record,
    metadata_record,
    page_record,
)
from reqpi.shelf.whole_lock.build_requirements import BuildRequirementsOfLocks
from reqpi.shelf.whole_lock.known_warnings import KnownWarnings
from reqpi.storage.memory import MemoryStore
from reqpi.storage.sealed import SealedStore
from tests.distributions import a_file, a_page
from tests.fake_upstream import build_sdist
from tests.shelf.case import ShelfCase
from tests.storage.test_sealed import KEY

NEW = a_file("six-1.0-py2-none-any.whl", b"new", size=3)


class RefreezeCase(ShelfCase):
    """A store in trouble, and a lock of two projects whose pages are frozen."""

    async def prepared(self) -> Commitment:
        self.store = self.troubled = _Troubled(self.clock.seconds)
        self.shelf = self.another_shelf()
        self.upstream.offer(a_page(a_file("idna-3.0.zip", b"idna", "idna"), project="idna"), b"idna")
        commitment = await self.committed("six==1.0", "idna==3.0")
        await self.shelf.pages(commitment)
        self.upstream.offer(a_page(NEW), b"new")
        return commitment

    async def refrozen(self, commitment: Commitment) -> dict[str, PageChange]:
        changes = await Undoing(self.shelf, self.store).refreeze(commitment.address, "", "operator")
        return {change.project: change for change in changes}

    async def shown(self, commitment: Commitment) -> list[str]:
        """Return the files that a client sees of six."""
        page = await self.shelf.page(await self.shelf.commitment(commitment.address), "six")
        return [file.filename for file in page.files]

    async def is_told(self) -> bool:
        """Return whether other processes are told that pages were frozen again."""
        records = [await self.store.get(name) or b"" async for name in self.store.names(decision_record(""))]
        return REFREEZE in [load_decision(record).kind for record in records]


class TroubleTests(RefreezeCase):
    async def test_a_page_that_cannot_be_stored_stays_and_the_others_are_frozen_again(self) -> None:
        commitment = await self.prepared()
        self.troubled.refused = page_record(commitment.address, "idna")
        changes = await self.refrozen(commitment)
        self.assertIn("read-only", changes["idna"].trouble)
        self.assertEqual(changes["six"].added, (NEW.filename,))
        self.assertEqual(await self.shown(commitment), [NEW.filename])
        self.assertTrue(await self.is_told())

    async def test_others_are_told_of_replaced_pages_when_a_fault_ends_the_work(self) -> None:
        commitment = await self.prepared()

        async def fault() -> None:
            raise RuntimeError("a fault")

        self.upstream.before["idna"] = fault
        with self.assertRaises(RuntimeError):
            await self.refrozen(commitment)
        self.assertEqual(await self.shown(commitment), [NEW.filename])
        self.assertTrue(await self.is_told())

    async def test_a_damaged_page_is_replaced(self) -> None:
        """It is the page that has to be frozen again."""
        commitment = await self.prepared()
        await self.store.replace(page_record(commitment.address, "six"), b"junk")
        change = (await self.refrozen(commitment))["six"]
        self.assertEqual((change.added, change.removed, change.trouble), ((NEW.filename,), (), ""))
        self.assertEqual(await self.shown(commitment), [NEW.filename])

    async def test_a_page_without_a_valid_seal_is_replaced(self) -> None:
        commitment = await self.prepared()
        self.store = SealedStore(self.troubled, (KEY,))  # type: ignore[assignment]
        self.shelf = self.another_shelf()
        await self.assert_raises(UnsealedRecord, self.shown(commitment))
        await self.refrozen(commitment)
        self.assertEqual(await self.shown(commitment), [NEW.filename])

    async def test_a_page_that_cannot_be_read_stays(self) -> None:
        commitment = await self.prepared()
        self.troubled.unread = page_record(commitment.address, "six")
        self.assertIn("away", (await self.refrozen(commitment))["six"].trouble)
        self.troubled.unread = ""
        self.assertNotIn(NEW.filename, await self.shown(commitment))


class DerivedTests(RefreezeCase):
    """Records that are made from pages, and from what the upstream said about their files."""

    async def test_warnings_about_the_old_page_are_not_given_any_more(self) -> None:
        commitment = await self.prepared()
        building = BuildRequirementsOfLocks(self.shelf, self.store, self.clock)
        warnings = KnownWarnings(self.store, "build-requirements")
        await warnings.record(commitment.address, [Note(1, "six==1.0", "it cannot be built")])
        self.assertTrue(await building.warnings(commitment))
        await self.refrozen(commitment)
        self.assertEqual(await building.warnings(commitment), ())

    async def test_what_an_upstream_claimed_is_asked_anew_and_what_is_verified_stays(self) -> None:
        """The wrong one may have answered."""
        commitment = await self.prepared()
        address, sha256 = commitment.address, str(NEW.sha256)
        claims = [claimed_metadata_record(address, sha256), claimed_build_system_record(address, sha256)]
        kept = [metadata_record(sha256), holding_record(address, EVERYWHERE)]
        for record in claims + kept:
            await self.store.create(record, b"0" * 64)
        await self.refrozen(commitment)
        left = [record for record in claims + kept if await self.store.get(record) is not None]
        self.assertEqual(left, kept)


class MeanwhileTests(RefreezeCase):
    """Someone else reads the old page, and is not done when it is replaced."""

    async def test_a_later_request_does_not_join_a_read_of_the_old_page(self) -> None:
        commitment = await self.prepared()
        self.shelf = self.another_shelf()
        old = await self.shelf.commitment(commitment.address)
        self.troubled.slow = page_record(commitment.address, "six")
        first = Deferred.fromCoroutine(self.shown(commitment))
        await self.refrozen(commitment)
        self.assertIsNot(await self.shelf.commitment(commitment.address), old)
        later = Deferred.fromCoroutine(self.shown(commitment))
        self.troubled.go_on.callback(None)
        self.assertNotIn(NEW.filename, await first)
        self.assertEqual(await later, [NEW.filename])

    async def test_a_later_report_does_not_join_one_about_the_old_page(self) -> None:
        commitment = await self.prepared()
        building = BuildRequirementsOfLocks(self.shelf, self.store, self.clock)
        began, go_on = Deferred[None](), Deferred[None]()

        async def slow() -> None:
            if not began.called:
                began.callback(None)
                await go_on

        sdist = next(file for file in (await self.shelf.page(commitment, "six")).files if not file.wheel)
        self.upstream.before[sdist.url] = slow
        first = Deferred.fromCoroutine(building.of(commitment, EVERYWHERE))
        await began
        archive = build_sdist("six", "1.0", build_requires=["flit_core"], form="zip")
        new = a_file("six-1.0.zip", archive, size=len(archive))
        self.upstream.offer(a_page(new), archive)
        await self.refrozen(commitment)
        later = await self.shelf.commitment(commitment.address)
        report = Deferred.fromCoroutine(building.of(later, EVERYWHERE))
        go_on.callback(None)
        await first
        self.assertIn(new.filename, [each.file.filename for each in (await report).sdists])


class _Troubled(MemoryStore):
    """A store that does not write one record, or reads one not at all, or slowly.

    :ivar slow: the record that stands as it was although the answer takes until :attr:`go_on` fires.
    """

    refused = ""
    unread = ""
    slow = ""

    def __init__(self, *arguments: object) -> None:
        super().__init__(*arguments)  # type: ignore[arg-type]
        self.go_on: Deferred[None] = Deferred()

    async def get(self, name: str) -> bytes | None:
        if name == self.unread:
            raise StoreTrouble("the store is away")
        return await super().get(name)

    async def create(self, name: str, value: bytes) -> bytes:
        stands = await super().create(name, value)
        if name == self.slow:
            self.slow = ""
            await self.go_on
        return stands

    async def replace(self, name: str, value: bytes) -> None:
        if name == self.refused:
            raise StoreTrouble("the store is read-only")
        await super().replace(name, value)
