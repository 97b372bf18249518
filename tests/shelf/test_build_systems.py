"""The build systems of sdists: requested once, in few bytes, and trusted as far as a digest covers them."""

from __future__ import annotations

import os

from attrs import evolve
from twisted.internet.task import Clock
from twisted.trial.unittest import TestCase

from reqpi.core.errors import DigestMismatch, UpstreamTrouble
from reqpi.core.metadata import DEFAULT, BrokenSdist
from reqpi.core.model import Archive, File
from reqpi.shelf.files import build_systems
from reqpi.shelf.files.build_systems import BuildSystems, TooDeep
from reqpi.shelf.files.downloads import Downloads
from reqpi.shelf.records import build_system_record, claimed_build_system_record
from reqpi.storage.memory import MemoryStore
from tests.core.metadata.test_pkg_info import a_tar, a_zip
from tests.distributions import a_file, a_page
from tests.fake_index import PlainTransfer, PlainUpstream

PYPROJECT = b'[build-system]\nrequires = ["hatchling>=1.24"]\nbuild-backend = "hatchling.build"\n'
FIRST = ("six-1.0/pyproject.toml", PYPROJECT)
NOISE = ("six-1.0/noise", os.urandom(3 << 20))
EARLY = a_tar(FIRST, NOISE)
LATE = a_tar(NOISE, FIRST)
SMALL = a_tar(FIRST)

ADDRESS, ANOTHER = "a" * 64, "b" * 64


class CountingOrigin(PlainUpstream):
    """Counts the bytes that it is asked for, and those that were taken."""

    def __init__(self) -> None:
        super().__init__()
        self.step = 1 << 14
        self.ranges_asked: list[tuple[int, int | None]] = []
        self.taken = 0

    async def open(
        self, url: str, start: int = 0, stop: int | None = None, etag: str | None = None, index: str = ""
    ) -> PlainTransfer:
        transfer = await super().open(url, start, stop, etag, index)
        self.ranges_asked.append((start, stop))

        async def count() -> None:
            self.taken += self.step

        transfer.hook = count
        return transfer


class BuildSystemsCase(TestCase):
    """A store in memory, and an upstream that has one sdist."""

    def setUp(self) -> None:
        self.store = MemoryStore()
        self.upstream = CountingOrigin()

    def fresh(self) -> BuildSystems:
        return BuildSystems(self.store, self.upstream, Downloads(self.store, self.upstream, Clock()))

    def offer(self, sdist: bytes, filename: str = "six-1.0.tar.gz", **fields: object) -> File:
        file = a_file(filename, sdist, **({"size": len(sdist)} | fields))
        self.upstream.offer(a_page(file), sdist)
        return file

    async def requires(self, file: File, address: str = ADDRESS) -> tuple[str, ...]:
        return (await self.fresh().of(file, address)).requires

    async def keep(self, sdist: bytes, file: File) -> None:
        incoming = await self.store.begin()
        await incoming.write(sdist)
        await incoming.keep(str(file.sha256))

    async def records(self) -> set[str]:
        return {name async for name in self.store.names("build-systems/")} | {
            name async for name in self.store.names("told-build-systems/")
        }


class AskingTests(BuildSystemsCase):
    """The requests to the upstream."""

    async def test_the_beginning_and_no_more(self) -> None:
        file = self.offer(EARLY)
        self.assertEqual(await self.requires(file), ("hatchling>=1.24",))
        self.assertEqual((self.upstream.ranges_asked, self.upstream.taken), ([(0, 1 << 20)], 1 << 16))
        self.assertIsNone(await self.store.size(str(file.sha256)))

    async def test_no_more_either_where_upstream_does_no_ranges(self) -> None:
        self.upstream.ranges = False
        self.assertEqual(await self.requires(self.offer(EARLY)), ("hatchling>=1.24",))
        self.assertEqual(self.upstream.taken, 1 << 16)

    async def test_more_of_it_where_that_is_not_enough(self) -> None:
        for noise, taken in ((100_000, 1 << 18), (500_000, 1 << 20)):
            self.upstream.taken = 0
            sdist = a_tar(("six-1.0/noise", NOISE[1][:noise]), FIRST, NOISE)
            self.assertEqual(await self.requires(self.offer(sdist)), ("hatchling>=1.24",))
            self.assertEqual(self.upstream.taken, taken)

    async def test_all_of_it_where_that_is_not_enough_either(self) -> None:
        """Then it is stored, for the client that must build it."""
        file = self.offer(LATE)
        self.assertEqual(await self.requires(file), ("hatchling>=1.24",))
        self.assertEqual([stop for _, stop in self.upstream.ranges_asked], [1 << 20, None])
        self.assertEqual(await self.store.size(str(file.sha256)), len(LATE))
        self.assertEqual(await self.records(), {build_system_record(str(file.sha256))})

    async def test_no_more_than_the_beginning_where_that_is_not_wanted(self) -> None:
        """Until it is in the store for another reason."""
        file = self.offer(LATE)
        with self.assertRaises(TooDeep):
            await self.fresh().of(file, ADDRESS, whole=False)
        self.assertEqual((self.upstream.ranges_asked, await self.records()), ([(0, 1 << 20)], set()))
        await self.keep(LATE, file)
        system = await self.fresh().of(file, ADDRESS, whole=False)
        self.assertEqual(system.requires, ("hatchling>=1.24",))

    async def test_a_zip_archive_by_ranges(self) -> None:
        sdist = a_zip(NOISE, FIRST, ("six-1.0/more", NOISE[1]))
        file = self.offer(sdist, "six-1.0.zip")
        self.assertEqual(await self.requires(file), ("hatchling>=1.24",))
        self.assertLess(self.upstream.taken, 1 << 17)
        self.assertIsNone(await self.store.size(str(file.sha256)))

    async def test_a_zip_archive_whose_upstream_does_no_ranges(self) -> None:
        self.upstream.ranges = False
        self.assertEqual(await self.requires(self.offer(a_zip(FIRST), "six-1.0.zip")), ("hatchling>=1.24",))

    async def test_nothing_where_it_is_in_the_store(self) -> None:
        for sdist, filename in ((EARLY, "six-1.0.tar.gz"), (LATE, "six-1.0.tar.gz"), (a_zip(FIRST), "six-1.0.zip")):
            file = self.offer(sdist, filename)
            await self.keep(sdist, file)
            self.assertEqual(await self.requires(file), ("hatchling>=1.24",))
        self.assertEqual(self.upstream.asked, [])

    async def test_once_for_ever(self) -> None:
        for sdist, addresses in ((EARLY, (ADDRESS,)), (SMALL, (ADDRESS, ANOTHER))):
            file = self.offer(sdist)
            await self.requires(file)
            self.upstream.asked.clear()
            for address in addresses:
                self.assertEqual(await self.requires(file, address), ("hatchling>=1.24",))
            self.assertEqual(self.upstream.asked, [])

    async def test_what_another_layout_wrote_is_read_anew(self) -> None:
        file = self.offer(SMALL)
        await self.store.create(build_system_record(str(file.sha256)), b'{"layout": 0}')
        for _ in range(2):
            self.assertEqual(await self.requires(file), ("hatchling>=1.24",))
        self.assertEqual(len(self.upstream.asked), 1)

    async def test_a_project_in_a_folder_of_an_archive(self) -> None:
        """Two projects of one archive differ."""
        sdist = a_tar(("x/a/pyproject.toml", PYPROJECT), ("x/setup.py", b"setup()"))
        file = self.offer(sdist, size=None)
        for folder, expected in (("a", ("hatchling>=1.24",)), (None, DEFAULT)):
            source = Archive("https://example.org/x.tar.gz", file.digests, folder)
            self.assertEqual(await self.requires(evolve(file, source=source)), expected)

    async def test_a_very_large_one_is_not_fetched_for_this(self) -> None:
        with self.assertRaises(BrokenSdist):
            await self.requires(self.offer(LATE, size=100 << 20))
        self.assertEqual(self.upstream.ranges_asked, [(0, 1 << 20)])

    async def test_upstream_out_of_reach(self) -> None:
        file = self.offer(EARLY)
        self.upstream.files.clear()
        with self.assertRaises(UpstreamTrouble):
            await self.requires(file)
        self.assertEqual(await self.records(), set())


class BelievingTests(BuildSystemsCase):
    """No digest covers a part."""

    async def test_what_upstream_lied_about_is_not_told_to_another_address(self) -> None:
        """It is replaced as soon as the sdist is in the store."""
        file = self.offer(EARLY)
        self.upstream.files[file.url] = a_tar((FIRST[0], PYPROJECT.replace(b"hatchling>=1.24", b"evil")), NOISE)
        self.assertEqual(await self.requires(file), ("evil",))
        self.assertEqual(await self.records(), {claimed_build_system_record(ADDRESS, str(file.sha256))})
        self.upstream.files[file.url] = EARLY
        self.assertEqual(await self.requires(file, ANOTHER), ("hatchling>=1.24",))
        self.assertEqual(await self.requires(file), ("evil",))
        await self.keep(EARLY, file)
        self.assertEqual(await self.requires(file), ("hatchling>=1.24",))
        self.assertIn(build_system_record(str(file.sha256)), await self.records())

    async def test_a_small_one_that_came_whole_is_verified(self) -> None:
        file = self.offer(SMALL)
        await self.requires(file)
        self.assertEqual(await self.records(), {build_system_record(str(file.sha256))})

    async def test_a_small_one_that_is_another_is_not(self) -> None:
        file = self.offer(SMALL, size=None)
        self.upstream.files[file.url] = a_tar((FIRST[0], PYPROJECT.replace(b"hatchling>=1.24", b"evil")))
        await self.requires(file)
        self.assertEqual(await self.records(), {claimed_build_system_record(ADDRESS, str(file.sha256))})

    async def test_what_says_nothing_is_fetched_and_verified(self) -> None:
        file = self.offer(SMALL, size=None)
        self.upstream.files[file.url] = b"nothing at all"
        with self.assertRaises(DigestMismatch):
            await self.requires(file)
        self.assertEqual(await self.records(), set())

    async def test_one_that_is_broken_is_told_as_such(self) -> None:
        for filename in ("six-1.0.tar.gz", "six-1.0.zip"):
            with self.assertRaises(BrokenSdist):
                await self.requires(self.offer(b"no archive", filename))
        self.assertEqual(await self.records(), set())

    def test_steps(self) -> None:
        """The figures above."""
        self.assertEqual(build_systems._STEPS, (1 << 16, 1 << 18, 1 << 20))
