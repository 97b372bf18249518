"""Crates in the receipt of a run: the sdists of a lock are built of them, as much as of Python's files."""

from __future__ import annotations

from reqpi.core.receipts.recorder import ReceiptRecorder
from reqpi.shelf.crates.crates_of_locks import CratesOfLocks
from reqpi.shelf.crates.receipts import CrateEntries
from reqpi.shelf.receipts import Taking
from reqpi.web.receipts import AddressObserver
from tests.crates_case import CratesCase
from tests.rust_sdists import GREET, WORDS


class CratesReceiptTests(CratesCase):
    """A site with the observer of a run."""

    async def setUp(self) -> None:
        await super().setUp()
        self.recorder = ReceiptRecorder()
        self.taking = Taking(self.shelf, self.address, self.recorder)
        crates = CratesOfLocks(self.shelf, self.store, self.registries, self.clock)
        entries = CrateEntries(self.shelf, crates, self.address)
        self.site.observer = AddressObserver(self.address, self.taking, self.recorder, entries)

    async def test_crates_are_files_with_their_purls(self) -> None:
        """A part of one is a part; the index of crates is not a thing of its own."""
        await self.index_of(GREET.name)
        await self.take(GREET)
        await self.take(GREET)
        await self.ask(f"crates/dl/{WORDS.name}/{WORDS.version}/{WORDS.sha256}.crate", Range="bytes=2-5")
        await self.taking.settled()
        receipt = self.recorder.receipt(self.address, (), "", "")
        found = {each.filename: (each.sha256, each.size, each.count, each.partial) for each in receipt.taken}
        expected = {
            GREET.filename: (GREET.sha256, len(GREET.content), 2, 0),
            WORDS.filename: (WORDS.sha256, len(WORDS.content), 0, 1),
        }
        self.assertEqual((found, receipt.complete), (expected, True))
        purls = {each.purl for each in receipt.taken}
        self.assertIn(f"pkg:cargo/{WORDS.name}@{WORDS.version}?checksum={WORDS.sha256}", purls)

    async def test_a_crate_that_no_lock_names_is_among_the_refusals(self) -> None:
        await self.ask(f"crates/dl/serde/1.0.0/{'a' * 64}.crate", **{"User-Agent": "cargo/1.95.0"})
        await self.taking.settled()
        (refused,) = self.recorder.receipt(self.address, (), "", "").refused
        self.assertEqual((refused.url, refused.agent), (f"crates/dl/serde/1.0.0/{'a' * 64}.crate", "cargo/1.95.0"))
