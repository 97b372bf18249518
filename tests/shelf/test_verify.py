"""A store that is right is found right; what is damaged in it is found, and never served."""

from __future__ import annotations

from attrs import evolve
from twisted.internet.task import Clock
from twisted.trial.unittest import TestCase

from reqpi.core.model import Commitment
from reqpi.core.report import Document
from reqpi.shelf.maintenance.verify import StoreVerdict, Verification
from reqpi.shelf.records import page_record
from reqpi.shelf.shelf import Shelf
from reqpi.storage.memory import MemoryStore
from tests.distributions import a_file, a_page, digest_of
from tests.fake_index import PlainUpstream

SIX = b"the bytes of six"
LOCK = b"six==1.0\n"


class DamageCase(TestCase):
    """A store in which one lock was used to the full."""

    async def prepared(self) -> Commitment:
        """Commit it, and take its file."""
        self.clock = Clock()
        self.clock.advance(1_000_000)
        self.store = MemoryStore(self.clock.seconds)
        self.upstream = PlainUpstream()
        self.upstream.offer(a_page(a_file("six-1.0.tar.gz", SIX)), SIX)
        self.shelf = Shelf(self.store, self.upstream, self.clock, "this")
        commitment, _ = await self.shelf.commit(LOCK)
        self.assertEqual(await self.taken(commitment), SIX)
        return commitment

    async def taken(self, commitment: Commitment) -> bytes:
        file_response = await self.shelf.file(commitment, "six", "six-1.0.tar.gz")
        return b"".join([piece async for piece in file_response.read(0, file_response.size)])

    def spoil(self, data: bytes) -> None:
        """Damage a blob, as a disk may."""
        self.store._blobs[digest_of(SIX).hex] = data

    async def verify(self, *, repair: bool = False) -> StoreVerdict:
        return await Verification(self.store, repair=repair).run()


class VerifyingTests(DamageCase):
    """Files, locks, documents and frozen lists."""

    async def test_nothing_is_wrong(self) -> None:
        """And all of it was looked at."""
        await self.prepared()
        self.assertEqual(
            await self.verify(), StoreVerdict(files=1, size=len(SIX), locks=1, lists=1, records=2, trusted=1)
        )

    async def test_looking_is_no_use(self) -> None:
        """An unused lock must grow old although it is verified each day."""
        commitment = await self.prepared()
        before = await self.store.last_used(f"locks/{commitment.address}")
        self.clock.advance(1000)
        await self.verify()
        self.assertEqual(await self.store.last_used(f"locks/{commitment.address}"), before)

    async def test_other_bytes_of_the_same_length(self) -> None:
        """They are found, and stay unless repair is asked for."""
        await self.prepared()
        self.spoil(SIX.upper())
        for _ in range(2):
            verdict = await self.verify()
            self.assertEqual((verdict.left, [damage.kind for damage in verdict.damages]), (1, ["file"]))

    async def test_repair_takes_the_wrong_file_out_and_the_next_client_brings_the_right_one(self) -> None:
        commitment = await self.prepared()
        self.spoil(SIX.upper())
        verdict = await self.verify(repair=True)
        self.assertEqual((verdict.left, verdict.damages[0].repaired), (0, True))
        self.assertEqual(await self.taken(commitment), SIX)
        self.assertEqual((await self.verify()).damages, ())

    async def test_a_damaged_lock(self) -> None:
        """No repair makes up for it."""
        commitment = await self.prepared()
        await self.store.replace(f"locks/{commitment.address}", b"six==2.0\n")
        verdict = await self.verify(repair=True)
        self.assertEqual((verdict.left, verdict.damages[0].kind), (1, "lock"))

    async def test_a_damaged_frozen_list(self) -> None:
        """It cannot be read, or has what its lock does not admit. It is not frozen anew: it might see other files."""
        commitment = await self.prepared()
        record = page_record(commitment.address, "six")
        written = await self.store.get(record)
        assert written is not None
        for damaged in (b"", written[:-1], written.replace(b"six-1.0.tar.gz", b"six-2.0.tar.gz")):
            await self.store.replace(record, damaged)
            verdict = await self.verify(repair=True)
            self.assertEqual([damage.kind for damage in verdict.damages], ["frozen list"], damaged)
            self.assertEqual(await self.store.get(record), damaged)

    async def test_several_documents(self) -> None:
        """One that is damaged, and one that is gone."""
        await self.prepared()
        documents = [Document("a.txt", b"six==1.0\n"), Document("b.txt", b"attrs==1.0\n")]
        await self.shelf.commit_together(documents)
        self.assertEqual((await self.verify()).left, 0)
        record = f"documents/{digest_of(b'attrs==1.0' + bytes([10])).hex}"
        await self.store.replace(record, b"attrs==6.6\n")
        self.assertEqual([damage.kind for damage in (await self.verify()).damages], ["document", "lock"])
        await self.store.delete(record)
        self.assertIn("b.txt is missing", (await self.verify()).damages[0].problem)


class ServingTests(DamageCase):
    """A file with the wrong length does not count as stored."""

    async def test_a_file_that_was_cut_short_or_emptied_is_fetched_again(self) -> None:
        """As a crash of the machine leaves them; upstream's length is known or not."""
        commitment = await self.prepared()
        for damaged in (SIX[:-1], b"", SIX + b"!"):
            self.spoil(damaged)
            self.shelf = Shelf(self.store, self.upstream, self.clock, "restarted")
            self.assertEqual(await self.taken(commitment), SIX)
            self.spoil(damaged)
            self.assertEqual(await self.taken(commitment), SIX)
            self.assertEqual((await self.verify()).left, 0)

    async def test_a_file_that_is_right_stays_whatever_length_upstream_said(self) -> None:
        """The digest decides; it is not fetched each time."""
        await self.prepared()
        file = a_file("six-2.0.tar.gz", SIX)
        self.upstream.offer(a_page(evolve(file, size=99999)), SIX)
        commitment, _ = await self.shelf.commit(b"six==2.0\n")
        self.assertEqual((await self.shelf.page(commitment, "six")).files[0].size, 99999)
        self.upstream.asked.clear()
        for _ in range(2):
            file_response = await self.shelf.file(commitment, "six", "six-2.0.tar.gz")
            self.assertEqual(file_response.size, len(SIX))
        self.assertEqual(self.upstream.asked, [])
