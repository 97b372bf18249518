"""Sweeping removes what was not used for a while, and nothing else."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable

from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock, deferLater
from twisted.logger import globalLogPublisher
from twisted.trial.unittest import TestCase

from reqpi.core.errors import NotAdmitted, StoreTrouble, UnknownAddress
from reqpi.core.model import Commitment, Page
from reqpi.core.targets import EVERYWHERE
from reqpi.shelf.maintenance.sweep import Sweep, Swept
from reqpi.shelf.shelf import Shelf
from reqpi.shelf.whole_lock.build_requirements import BuildRequirementsOfLocks
from reqpi.storage.memory import MemoryStore
from tests.distributions import a_file, a_page, digest_of
from tests.fake_index import PlainUpstream
from tests.fake_upstream.distributions import build_sdist, build_wheel

DAY = 86400.0
WHEEL = build_wheel("six", "1.0")
SDIST = build_sdist("attrs", "1.0")


class FailingStore(MemoryStore):
    """A store whose disk fails once, at the call that a test names.

    :ivar left: calls that change the store until one fails; negative: none fails.
    :ivar requests: the names of the records that were read; ``listed``: the prefixes whose names were.
    """

    left = -1

    def __init__(self, clock: Callable[[], float]) -> None:
        super().__init__(clock)
        self.requests: list[str] = []
        self.listed: list[str] = []

    async def get(self, name: str) -> bytes | None:
        self.requests.append(name)
        return await super().get(name)

    async def names(self, prefix: str) -> AsyncGenerator[str, None]:
        self.listed.append(prefix)
        async for name in super().names(prefix):
            yield name

    async def delete(self, name: str, *since: float) -> bool:
        self._count()
        return await super().delete(name, *since)

    async def remove(self, sha256: str, unused_since: float) -> bool:
        self._count()
        return await super().remove(sha256, unused_since)

    def _count(self) -> None:
        self.left -= 1
        if self.left == -1:
            raise StoreTrouble("the disk failed")


class SweepTests(TestCase):
    """A lock that was not used goes, with what only it needed; what another needs stays."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.events: list[dict[str, object]] = []
        globalLogPublisher.addObserver(self.events.append)
        self.addCleanup(globalLogPublisher.removeObserver, self.events.append)
        self.store = FailingStore(self.clock.seconds)
        self.upstream = PlainUpstream()
        self.upstream.offer(a_page(a_file("six-1.0-py3-none-any.whl", WHEEL)), WHEEL)
        self.upstream.offer(a_page(a_file("attrs-1.0.tar.gz", b"attrs", "attrs"), project="attrs"), b"attrs")
        self.shelf = Shelf(self.store, self.upstream, self.clock, "this")
        self.sweeping = Sweep(self.store, self.clock, 7 * DAY)

    async def used(self, document: bytes) -> Commitment:
        """Commit it, or use it again: every file of it, and the metadata of wheels."""
        commitment, _ = await self.shelf.commit(document)
        for project in commitment.lock.projects:
            for file in (await self.shelf.page(commitment, project)).files:
                if file.wheel:
                    await self.shelf.metadata(commitment, project, file.filename)
                file_response = await self.shelf.file(commitment, project, file.filename)
                _ = [piece async for piece in file_response.read(0, file_response.size)]
        return commitment

    async def sweep(self, sweeping: Sweep | None = None) -> Swept:
        """Sweep, and pass the time for a sweep that lets others have their turn."""
        done = Deferred.fromCoroutine((sweeping or self.sweeping).run())
        while not done.called:
            self.clock.advance(0)
            await deferLater(reactor, 0)
        return await done

    async def blobs(self) -> set[str]:
        return {sha256 async for sha256 in self.store.all()}

    async def records(self) -> set[str]:
        folders = ("locks/", "frozen/", "refused/", "metadata/", "build-systems/", "told-build-systems/", "lacking/")
        return {name for folder in folders async for name in self.store.names(folder)}

    async def test_a_lock_in_use_loses_nothing(self) -> None:
        commitment = await self.used(b"six==1.0\nattrs==1.0\n")
        before = await self.blobs(), await self.records()
        for _ in range(10):
            self.clock.advance(6 * DAY)
            await self.shelf.commitment(commitment.address)
            await self.sweep()
        self.assertEqual((await self.blobs(), await self.records()), before)

    async def test_a_lock_out_of_use_goes_with_all_that_it_needed(self) -> None:
        commitment = await self.used(b"six==1.0\n")
        with self.assertRaises(NotAdmitted):
            await self.shelf.page(commitment, "treq")
        await self.shelf.write_refusals()
        self.clock.advance(8 * DAY)
        swept = await self.sweep()
        self.assertEqual((swept.locks, swept.blobs), (1, 2))
        self.assertEqual((await self.blobs(), await self.records()), (set(), set()))
        with self.assertRaises(UnknownAddress):
            await self.shelf.commitment(commitment.address)

    async def test_a_dry_run_says_what_would_go_and_removes_nothing(self) -> None:
        """The same figures as the sweep after it."""
        await self.used(b"six==1.0\n")
        before = await self.blobs(), await self.records()
        self.clock.advance(8 * DAY)
        dry = await self.sweep(Sweep(self.store, self.clock, 7 * DAY, dry_run=True))
        self.assertEqual((await self.blobs(), await self.records()), before)
        swept = await self.sweep()
        self.assertEqual(dry, swept)
        self.assertGreater(swept.size, len(WHEEL))

    async def test_no_file_goes_while_it_cannot_be_known_which_are_needed(self) -> None:
        """A frozen list of a lock in use is damaged; an old lock goes all the same."""
        await self.used(b"attrs==1.0\n")
        self.clock.advance(8 * DAY)
        commitment = await self.used(b"six==1.0\n")
        await self.store.replace(f"frozen/{commitment.address}/six", b"{")
        before = await self.blobs()
        swept = await self.sweep()
        self.assertEqual((swept.locks, swept.blobs), (1, 0))
        self.assertEqual(await self.blobs(), before)
        self.assertEqual(len(self.flushed()), 1)

    def flushed(self) -> list[object]:
        """The errors that the sweep logged."""
        return [event for event in self.events if "no file is swept" in (event.get("log_format") or "")]

    async def test_what_is_known_of_building_an_sdist_goes_with_it(self) -> None:
        """Verified metadata goes with the last lock that has the file, claimed metadata with its address."""
        large = build_sdist("six", "2.0") + bytes(1 << 17)
        self.upstream.offer(a_page(a_file("six-1.0.zip", b""), a_file("six-2.0.tar.gz", large)), b"", large)
        self.upstream.offer(a_page(a_file("attrs-1.0.tar.gz", SDIST, "attrs"), project="attrs"), SDIST)
        building = BuildRequirementsOfLocks(self.shelf, self.store, self.clock)
        lone, _ = await self.shelf.commit(b"attrs==1.0\n")
        both, _ = await self.shelf.commit(b"attrs==1.0\nsix==2.0\n")
        for commitment in (lone, both):
            await building.of(commitment, EVERYWHERE)
        self.assertEqual(len([name for name in await self.records() if "build-systems/" in name]), 2)
        before = await self.records()
        await self.sweep()
        self.assertEqual(await self.records(), before)
        self.clock.advance(5 * DAY)
        await self.shelf.commitment(lone.address)
        self.clock.advance(5 * DAY)
        await self.sweep()
        left = {name for name in await self.records() if not name.startswith(("locks/", "frozen/"))}
        attrs = digest_of(SDIST).hex
        self.assertEqual(left, {f"build-systems/{attrs}", f"lacking/{lone.address}/build-requirements"})
        self.clock.advance(8 * DAY)
        await self.sweep()
        self.assertEqual(await self.records(), set())

    async def test_what_another_lock_needs_stays(self) -> None:
        await self.used(b"six==1.0\nattrs==1.0\n")
        self.clock.advance(8 * DAY)
        kept = await self.used(b"attrs==1.0\n")
        swept = await self.sweep()
        self.assertEqual((swept.locks, await self.blobs()), (1, {digest_of(b"attrs").hex}))
        await self.shelf.commitment(kept.address)

    async def test_the_metadata_of_a_wheel_that_stays_stays(self) -> None:
        await self.used(b"six==1.0\n")
        before = await self.blobs()
        self.clock.advance(8 * DAY)
        await self.used(b"six==1.0 # again\n")
        await self.sweep()
        self.assertEqual((await self.blobs(), len(before)), (before, 2))

    async def test_a_sweep_asks_the_store_for_what_it_has_and_not_for_each_file_that_a_lock_names(self) -> None:
        wheels = [a_file(f"six-1.0-cp3{minor}-cp3{minor}-any.whl", b"%d" % minor, size=2) for minor in range(10, 20)]
        self.upstream.offer(a_page(*wheels), *(b"%d" % minor for minor in range(10, 20)))
        for comment in (b"# one\n", b"# two\n", b"# three\n"):
            commitment, _ = await self.shelf.commit(b"six==1.0\n" + comment)
            await self.shelf.page(commitment, "six")
        self.store.requests.clear()
        await self.sweep()
        self.assertEqual(sum(name.startswith("frozen/") for name in self.store.requests), 3)
        self.assertEqual([name for name in self.store.requests if name.startswith(("metadata/", "told/"))], [])

    async def test_a_sweep_lists_the_records_of_all_locks_together(self) -> None:
        counts = []
        for locks in (1, 20):
            for number in range(locks):
                await self.used(b"six==1.0\n# %d\n" % number)
            self.store.listed.clear()
            await self.sweep()
            counts.append(len(self.store.listed))
        self.assertEqual(counts[0], counts[1])

    async def test_a_file_that_has_just_arrived_is_spared_though_no_page_names_it_yet(self) -> None:
        self.clock.advance(DAY)
        incoming = await self.store.begin()
        await incoming.write(b"new")
        await incoming.keep(digest_of(b"new").hex)
        await self.sweep()
        self.assertEqual(await self.blobs(), {digest_of(b"new").hex})

    async def test_a_lock_that_comes_back_in_the_middle_of_a_sweep_sees_what_it_saw(self) -> None:
        """Between the removal of the lock and that of its pages, another client commits it, and is served."""
        document = b"six==1.0\n"
        await self.used(document)
        late = a_file("six-1.0.tar.gz", b"late")
        self.upstream.offer(a_page(a_file("six-1.0-py3-none-any.whl", WHEEL), late), WHEEL, b"late")
        self.clock.advance(8 * DAY)
        delete, seen = self.store.delete, []

        async def meanwhile(name: str, *since: float) -> bool:
            removed = await delete(name, *since)
            if removed and name.startswith("locks/"):
                seen.append(await self.page(document))
            return removed

        self.patch(self.store, "delete", meanwhile)
        await self.sweep()
        self.shelf = Shelf(self.store, self.upstream, self.clock, "restarted")
        self.assertEqual(await self.page(document), seen[0])
        self.assertEqual(len(seen), 1)

    async def page(self, document: bytes) -> Page:
        commitment, _ = await self.shelf.commit(document)
        return await self.shelf.page(commitment, "six")

    async def test_a_lock_that_was_removed_can_be_committed_again(self) -> None:
        await self.used(b"six==1.0\n")
        self.clock.advance(8 * DAY)
        await self.sweep()
        await self.used(b"six==1.0\n")
        self.assertEqual(len(await self.blobs()), 2)

    async def test_a_sweep_that_fails_at_any_moment_loses_nothing_and_the_next_one_finishes(self) -> None:
        """A lock in use stays complete, and no record of a removed lock is left behind."""
        for failing in range(100):
            self.store = FailingStore(self.clock.seconds)
            self.shelf = Shelf(self.store, self.upstream, self.clock, "this")
            await self.used(b"six==1.0\n")
            await self.used(b"attrs==1.0\nsix==1.0\n")
            self.clock.advance(8 * DAY)
            await self.used(b"attrs==1.0\n")
            before = await self.records()
            self.store.left = failing
            try:
                await self.sweep(Sweep(self.store, self.clock, 7 * DAY))
            except StoreTrouble:
                pass
            else:
                self.assertGreater(failing, 5)
                return
            lock = digest_of(b"attrs==1.0\n").hex
            needed = {name for name in before if lock in name}
            self.assertLessEqual(needed, await self.records(), failing)
            self.assertIn(digest_of(b"attrs").hex, await self.blobs())
            await self.sweep(Sweep(self.store, self.clock, 7 * DAY))
            self.assertEqual((await self.records(), await self.blobs()), (needed, {digest_of(b"attrs").hex}), failing)
        self.fail("no sweep ended")
