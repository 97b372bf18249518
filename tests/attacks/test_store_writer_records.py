"""Someone who can write to a bucket writes records, against servers that seal theirs with a key."""

from __future__ import annotations

from twisted.trial.unittest import TestCase

from reqpi.core.errors import StoreTrouble
from reqpi.shelf.maintenance.verify import Verification
from reqpi.shelf.records import metadata_record, page_record
from reqpi.storage.memory import MemoryStore
from reqpi.storage.sealed import SealedStore
from tests.shelf.case import SDIST, ShelfCase
from tests.storage.test_sealed import KEY, OLD_KEY

ADDRESS, SHA256 = "a" * 64, "b" * 64


class SealTests(TestCase):
    """The attacker has the bucket, and not the key."""

    def setUp(self) -> None:
        self.bucket = MemoryStore(lambda: 0.0)
        self.store = SealedStore(self.bucket, (KEY, OLD_KEY))
        self.frozen, self.metadata = page_record(ADDRESS, "six"), metadata_record(SHA256)

    async def assert_refused(self) -> None:
        """The list is an error, and what can be made again is made again."""
        for call in (self.store.get(self.frozen), self.store.create(self.frozen, b"ours")):
            try:
                self.fail(f"{await call!r} was believed")
            except StoreTrouble as trouble:
                self.assertIn("reqpi verify --seal", str(trouble))
        self.assertIsNone(await self.store.get(self.metadata))
        self.assertEqual(await self.store.create(self.metadata, b"ours"), b"ours")
        self.assertEqual(await self.store.get(self.metadata), b"ours")

    async def test_a_record_without_a_seal_is_not_believed(self) -> None:
        """Write a record as a server without a key does."""
        for name in (self.frozen, self.metadata):
            await self.bucket.replace(name, b"theirs")
        await self.assert_refused()

    async def test_a_record_with_the_seal_of_another_is_not_believed(self) -> None:
        """Copy a record, with its seal, to another name."""
        for name, other in ((self.frozen, page_record(ADDRESS, "idna")), (self.metadata, metadata_record(ADDRESS))):
            await self.store.replace(other, b"theirs")
            await self.bucket.replace(name, await self.bucket.get(other) or b"")
        await self.assert_refused()

    async def test_a_record_that_was_cut_or_changed_is_not_believed(self) -> None:
        """Keep the seal of a record, and change its bytes; or cut the seal."""
        for name in (self.frozen, self.metadata):
            await self.store.replace(name, b"a record")
        whole = {name: await self.bucket.get(name) or b"" for name in (self.frozen, self.metadata)}
        for change in (lambda data: data[1:], lambda data: data[:-1], lambda data: b"A" + data[1:], lambda _: b""):
            for name, data in whole.items():
                await self.bucket.replace(name, change(data))
            await self.assert_refused()

    async def test_a_seal_of_a_foreign_key_is_not_believed(self) -> None:
        """Seal a record with a key of one's own."""
        theirs = SealedStore(self.bucket, (b"a key of the attacker, of 40 bytes or so",))
        for name in (self.frozen, self.metadata):
            await theirs.replace(name, b"theirs")
        await self.assert_refused()


class ForgedListTests(ShelfCase):
    """A lock without digests: what its list says is what clients get."""

    async def test_a_forged_list_is_not_served_and_verify_names_it(self) -> None:
        """Write the frozen list of a lock that has no digests."""
        self.bucket = self.store
        sealed = SealedStore(self.bucket, (KEY,))
        self.store = sealed  # type: ignore[assignment]
        shelf = self.another_shelf()
        commitment, _ = await shelf.commit(b"six==1.0\n")
        self.assertEqual(await self.taken(shelf, commitment, "six-1.0.tar.gz"), SDIST)
        record = page_record(commitment.address, "six")
        forged = (await self.bucket.get(record) or b"").replace(b"https://", b"http://evil.")
        await self.bucket.replace(record, forged)
        other = self.another_shelf()
        again = await other.commitment(commitment.address)
        await self.assert_raises(StoreTrouble, other.file(again, "six", "six-1.0.tar.gz"))
        verdict = await Verification(sealed).run()
        self.assertEqual([(each.kind, each.problem) for each in verdict.damages],
                         [("frozen list", "a frozen list has no valid seal")])  # fmt: skip

    async def test_verify_seals_lists_that_were_written_before_there_was_a_key(self) -> None:
        """Nothing is lost when a key is introduced, or replaced by another."""
        commitment = await self.committed("six==1.0")
        await self.shelf.page(commitment, "six")
        record = page_record(commitment.address, "six")
        written = await self.store.get(record)
        for keys in ((OLD_KEY,), (KEY, OLD_KEY), (KEY,)):
            sealed = SealedStore(self.store, keys)
            verdict = await Verification(sealed, unsealed=sealed.unsealed).run()
            self.assertEqual((verdict.left, verdict.trusted), (0, 1))
            self.assertEqual(await sealed.get(record), written)
        self.assertEqual(verdict.sealed, 0)
        self.assertEqual(await SealedStore(self.store).get(record), written)
