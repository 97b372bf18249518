"""The rule of facts: verified ones count before claimed ones."""

from __future__ import annotations

from twisted.internet.task import Clock
from twisted.trial.unittest import TestCase

from reqpi.shelf.files.downloads import Downloads
from reqpi.shelf.files.facts import FactRecords, Facts
from reqpi.storage.memory import MemoryStore
from tests.distributions import a_file, a_page
from tests.fake_index import PlainUpstream

CONTENT = b"content"
RECORDS = FactRecords("facts/verified", "facts/claimed")


async def loaded(_: str, data: bytes) -> str | None:
    return data.decode() or None


class FactsTests(TestCase):
    """Facts that are texts, about one file."""

    def setUp(self) -> None:
        clock = Clock()
        self.store, self.upstream = MemoryStore(clock.seconds), PlainUpstream()
        self.file = a_file("six-1.0.tar.gz", CONTENT, size=len(CONTENT))
        self.upstream.offer(a_page(self.file), CONTENT)
        self.downloads = Downloads(self.store, self.upstream, clock)
        self.facts: Facts[str] = Facts(self.store, self.downloads, loaded)
        self.claim: tuple[str | None, bool] = ("claimed", False)

    async def found(self) -> tuple[str, bool]:
        async def claim() -> tuple[str | None, bool]:
            return self.claim

        async def verify(size: int | None) -> str:
            return f"verified {size}"

        return await self.facts.find(self.file, claim, verify)

    async def test_a_claim_counts_until_the_file_is_in_the_store(self) -> None:
        await self.store.create(RECORDS.claimed, b"claimed")
        self.assertEqual(await self.facts.known(self.file, RECORDS), "claimed")
        self.assertEqual(await self.found(), ("claimed", False))
        await self.downloads.of(self.file).finished()
        self.assertIsNone(await self.facts.known(self.file, RECORDS))
        self.assertEqual(await self.found(), (f"verified {len(CONTENT)}", True))

    async def test_a_verified_fact_counts_before_a_claim(self) -> None:
        """Whether or not the file is still in the store."""
        await self.store.create(RECORDS.claimed, b"claimed")
        await self.store.create(RECORDS.verified, b"verified")
        self.assertEqual(await self.facts.known(self.file, RECORDS), "verified")

    async def test_the_file_is_fetched_if_there_is_no_claim(self) -> None:
        self.claim = (None, False)
        self.assertEqual(await self.found(), (f"verified {len(CONTENT)}", True))
        self.assertEqual(await self.store.size(str(self.file.sha256)), len(CONTENT))

    async def test_a_claim_from_all_verified_bytes_is_verified(self) -> None:
        self.claim = ("whole", True)
        self.assertEqual(await self.found(), ("whole", True))
        self.assertIsNone(await self.store.size(str(self.file.sha256)))

    async def test_a_record_that_cannot_be_used_is_as_good_as_none(self) -> None:
        await self.store.create(RECORDS.verified, b"")
        await self.store.create(RECORDS.claimed, b"claimed")
        self.assertEqual(await self.facts.known(self.file, RECORDS), "claimed")
