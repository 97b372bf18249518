"""The core metadata of wheels, whether or not upstream offers it."""

from __future__ import annotations

from attrs import evolve
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import TestCase

from reqpi.core.errors import DigestMismatch, UpstreamTrouble
from reqpi.core.metadata.wheel import BrokenWheel
from reqpi.core.model import File
from reqpi.shelf.files.core_metadata import CoreMetadata
from reqpi.shelf.files.downloads import Downloads
from reqpi.storage.memory import MemoryStore
from tests.distributions import a_file, a_page, digest_of
from tests.fake_index import PlainUpstream
from tests.fake_upstream.distributions import build_wheel

WHEEL = build_wheel("six", "1.0", requires=("attrs",), files={"six/big.bin": bytes(range(256)) * 4000})


ADDRESS, ANOTHER = "a" * 64, "b" * 64


class CoresCase(TestCase):
    """Metadata over a store in memory and an upstream that has one wheel of a megabyte."""

    def setUp(self) -> None:
        self.store = MemoryStore()
        self.upstream = PlainUpstream()
        self.file = self.offer(WHEEL)
        self.core_metadata = self.fresh()

    def fresh(self) -> CoreMetadata:
        clock = Clock()
        return CoreMetadata(self.store, self.upstream, Downloads(self.store, self.upstream, clock), clock)

    def offer(self, wheel: bytes) -> File:
        file = a_file("six-1.0-py3-none-any.whl", wheel, size=len(wheel), core_metadata=True)
        self.upstream.offer(a_page(file), wheel)
        return file


class FoundTests(CoresCase):
    """If the upstream promised none, it is read from the wheel."""

    async def test_it_is_read_by_ranges_and_the_wheel_is_not_fetched(self) -> None:
        metadata = await self.core_metadata.of(self.file, ADDRESS)
        self.assertIn(b"Requires-Dist: attrs", metadata)
        self.assertLess(len(self.upstream.asked), 4)
        self.assertIsNone(await self.store.size(str(self.file.sha256)))

    async def test_upstream_is_asked_once_for_ever(self) -> None:
        first = await self.core_metadata.of(self.file, ADDRESS)
        self.upstream.files.clear()
        self.assertEqual(await self.fresh().of(self.file, ADDRESS), first)

    async def test_a_wheel_that_is_in_the_store_is_not_asked_for(self) -> None:
        incoming = await self.store.begin()
        await incoming.write(WHEEL)
        await incoming.keep(str(self.file.sha256))
        self.assertIn(b"Name: six", await self.core_metadata.of(self.file, ADDRESS))
        self.assertEqual(self.upstream.asked, [])

    async def test_what_upstream_lied_about_once_is_not_told_to_another_address(self) -> None:
        """No digest covers a range. Once the wheel is here, its own metadata replaces what was read by ranges."""
        evil = WHEEL.replace(b"attrs", b"evil!")
        self.offer(evil)
        self.upstream.files[self.file.url] = evil
        await self.core_metadata.of(self.file, ADDRESS)
        self.upstream.files[self.file.url] = WHEEL
        self.assertIn(b"Requires-Dist: attrs", await self.core_metadata.of(self.file, ANOTHER))
        incoming = await self.store.begin()
        await incoming.write(WHEEL)
        await incoming.keep(str(self.file.sha256))
        self.assertIn(b"Requires-Dist: attrs", await self.core_metadata.of(self.file, ADDRESS))

    async def test_the_whole_wheel_is_fetched_where_upstream_does_no_ranges(self) -> None:
        self.upstream.ranges = False
        self.assertIn(b"Name: six", await self.core_metadata.of(self.file, ADDRESS))

    async def test_the_size_need_not_be_known(self) -> None:
        self.assertIn(b"Name: six", await self.core_metadata.of(evolve(self.file, size=None), ADDRESS))

    async def test_a_wheel_that_is_none_is_told_as_such(self) -> None:
        await self.assertFailure(self.of(self.offer(b"not a zip file" * 100)), BrokenWheel)

    async def test_upstream_out_of_reach(self) -> None:
        self.upstream.files.clear()
        await self.assertFailure(self.of(self.file), UpstreamTrouble)

    def of(self, file: File):  # type: ignore[no-untyped-def]
        from twisted.internet.defer import Deferred

        return Deferred.fromCoroutine(self.core_metadata.of(file, ADDRESS))


class PromisedTests(CoresCase):
    """If the page promised a digest, these bytes are served and no others."""

    METADATA = b"Metadata-Version: 2.1\nName: six\nVersion: 1.0\n"

    def setUp(self) -> None:
        super().setUp()
        self.file = evolve(self.file, core_metadata=digest_of(self.METADATA))
        self.url = f"{self.file.url}.metadata"
        self.upstream.files[self.url] = self.METADATA

    async def test_upstreams_own_file_is_taken(self) -> None:
        self.assertEqual(await self.core_metadata.of(self.file, ADDRESS), self.METADATA)
        self.assertEqual(self.upstream.asked, [self.url])

    async def test_it_is_kept(self) -> None:
        await self.core_metadata.of(self.file, ADDRESS)
        self.upstream.files.clear()
        self.assertEqual(await self.fresh().of(self.file, ADDRESS), self.METADATA)

    async def test_bytes_of_another_digest_are_not_served(self) -> None:
        self.upstream.files[self.url] = b"Metadata-Version: 2.1\nName: evil\n"
        with self.assertRaises(DigestMismatch):
            await self.core_metadata.of(self.file, ADDRESS)
        self.assertEqual([sha256 async for sha256 in self.store.all()], [])

    async def test_a_wheels_own_digest_is_not_its_metadatas(self) -> None:
        """Some indexes publish it so. The wheel would be sent for its metadata."""
        wrong = evolve(self.file, core_metadata=digest_of(WHEEL))
        self.assertIn(b"Requires-Dist: attrs", await self.core_metadata.of(wrong, ADDRESS))

    async def test_a_digest_that_is_no_sha256_is_as_good_as_none(self) -> None:
        odd = evolve(self.file, core_metadata=digest_of(b"", "sha512"))
        self.assertIn(b"Requires-Dist: attrs", await self.core_metadata.of(odd, ADDRESS))

    async def test_where_upstreams_file_is_wrong_the_wheel_has_the_right_one(self) -> None:
        true = await self.fresh().of(evolve(self.file, core_metadata=True), ADDRESS)
        self.upstream.files[self.url] = b"wrong"
        self.assertEqual(await self.fresh().of(evolve(self.file, core_metadata=digest_of(true)), ADDRESS), true)

    async def test_where_upstream_lost_its_file_the_wheel_has_it_if_the_digest_is_that(self) -> None:
        del self.upstream.files[self.url]
        with self.assertRaises(DigestMismatch):
            await self.core_metadata.of(self.file, ADDRESS)
        true = await self.fresh().of(evolve(self.file, core_metadata=True), ADDRESS)
        self.assertEqual(await self.fresh().of(evolve(self.file, core_metadata=digest_of(true)), ADDRESS), true)

    async def test_a_wheel_on_its_way_is_awaited_and_the_upstream_is_asked_once(self) -> None:
        """Its own metadata is verified, whatever the page promised."""
        gate, metadata = self.on_its_way()
        self.assertEqual(self.upstream.asked, [self.file.url])
        gate.callback(None)
        self.assertIn(b"Requires-Dist: attrs", await metadata)
        self.assertEqual(self.upstream.asked, [self.file.url])

    async def test_if_a_wheel_on_its_way_fails_the_metadata_is_requested_alone(self) -> None:
        gate, metadata = self.on_its_way()
        self.upstream.files[self.file.url] = b"wrong"
        gate.errback(UpstreamTrouble("it is gone", "", final=True))
        self.assertEqual(await metadata, self.METADATA)

    def on_its_way(self) -> tuple[Deferred[None], Deferred[bytes]]:
        """Begin to download the wheel, and to ask for its metadata; the first result lets the upstream go on."""
        gate: Deferred[None] = Deferred()

        async def wait() -> None:
            if not gate.called:
                passed: Deferred[None] = Deferred()
                gate.addBoth(passed.callback)
                await passed

        self.upstream.between[self.file.url] = wait
        clock = Clock()
        downloads = Downloads(self.store, self.upstream, clock)
        core_metadata = CoreMetadata(self.store, self.upstream, downloads, clock)
        Deferred.fromCoroutine(downloads.finished(self.file)).addErrback(lambda failure: failure.trap(UpstreamTrouble))
        return gate, Deferred.fromCoroutine(core_metadata.of(self.file, ADDRESS))

    async def test_two_addresses_that_were_promised_different_bytes_each_get_their_own(self) -> None:
        other = b"Metadata-Version: 2.2\nName: six\n"
        first = await self.core_metadata.of(self.file, ADDRESS)
        self.upstream.files[self.url] = other
        second = await self.core_metadata.of(evolve(self.file, core_metadata=digest_of(other)), ADDRESS)
        self.assertEqual((first, second), (self.METADATA, other))
        self.assertEqual(await self.core_metadata.of(self.file, ADDRESS), self.METADATA)
