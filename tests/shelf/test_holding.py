"""Holding a lock: all files are fetched, failures are named, and the verdict follows from the store."""

from __future__ import annotations

import gc
from io import BytesIO
from typing import Any
from weakref import ref
from zipfile import ZipFile

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import TestCase

from reqpi.core.errors import NotFound, StoreFull, UpstreamTrouble
from reqpi.core.model import Commitment
from reqpi.core.targets import EVERYWHERE, InstallTarget
from reqpi.shelf.maintenance.sweep import Sweep
from reqpi.shelf.records import holding_record
from reqpi.shelf.shelf import Shelf
from reqpi.shelf.whole_lock.hold_record import HoldProgress
from reqpi.shelf.whole_lock.hold_verdict import MissingFile, Platform
from reqpi.shelf.whole_lock.holding import Holds
from reqpi.storage.memory import MemoryIncoming, MemoryStore
from tests.distributions import a_file, a_page, digest_of
from tests.fake_index import PlainUpstream
from tests.fake_upstream.distributions import build_wheel

WINDOWS = InstallTarget.read({"platform": ["win_amd64"]})


def wheel_of(name: str, version: str, content: bytes) -> bytes:
    return build_wheel(name, version, files={f"{name}.py": content})


class _FullStore(MemoryStore):
    """Nothing can be written any more."""

    async def begin(self) -> MemoryIncoming:
        raise StoreFull("the store is full")


class HoldingCase(TestCase):
    """six has an sdist and two wheels, attrs a wheel."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.store = MemoryStore(self.clock.seconds)
        self.upstream = PlainUpstream()
        self.contents = {
            "six-1.0.tar.gz": b"an sdist of six",
            "six-1.0-cp312-cp312-win_amd64.whl": wheel_of("six", "1.0", b"windows"),
            "six-1.0-cp312-cp312-manylinux2014_x86_64.whl": wheel_of("six", "1.0", b"linux"),
        }
        self.offer("six", self.contents)
        self.attrs = {"attrs-2.0-py3-none-any.whl": wheel_of("attrs", "2.0", b"any")}
        self.offer("attrs", self.attrs)
        self.shelf, self.holding = self.another()

    def offer(self, project: str, contents: dict[str, bytes]) -> None:
        files = [a_file(name, content, project=project, size=len(content)) for name, content in contents.items()]
        self.upstream.offer(a_page(*files, project=project), *contents.values())

    def another(self, store: MemoryStore | None = None) -> tuple[Shelf, Holds]:
        """The holds of another process on the same store."""
        shelf = Shelf(store or self.store, self.upstream, self.clock, "another")
        return shelf, Holds(shelf, store or self.store, self.clock)

    async def committed(self, lines: str = "six==1.0\nattrs==2.0\n") -> Commitment:
        commitment, _ = await self.shelf.commit(lines.encode())
        return commitment

    async def settled(self, commitment: Commitment, target: InstallTarget = EVERYWHERE) -> None:
        """Let time pass until the hold has ended."""
        for _ in range(600):
            if await self.holding.progress(commitment, target) is None:
                return
            await turn()
            self.clock.advance(0.1)
        self.fail("the hold does not end")

    async def held(self, commitment: Commitment, target: InstallTarget = EVERYWHERE) -> Any:
        await self.holding.begin(commitment, target)
        await self.settled(commitment, target)
        return await self.holding.verdict(commitment, target)


async def turn() -> None:
    """Let work that waits for another thread go on."""
    from twisted.internet import reactor
    from twisted.internet.task import deferLater

    await deferLater(reactor, 0.001)


class VerdictTests(HoldingCase):
    """The files that are held and those that are missing."""

    async def test_nothing_is_known_before(self) -> None:
        """Every project is missing, and no upstream is asked."""
        verdict = await self.holding.verdict(await self.committed(), EVERYWHERE)
        self.assertFalse(verdict.complete)
        self.assertEqual([each.project for each in verdict.missing], ["attrs", "six"])
        self.assertEqual(self.upstream.asked, [])

    async def test_all_of_it(self) -> None:
        """And from then on an upstream is not needed."""
        commitment = await self.committed()
        verdict = await self.held(commitment)
        self.assertTrue(verdict.complete, verdict)
        everything = [*self.contents.values(), *self.attrs.values()]
        self.assertEqual((verdict.files, verdict.held), (4, 4))
        self.assertEqual((verdict.size, verdict.held_size), (sum(map(len, everything)),) * 2)
        platforms = [Platform(name, 1, 1) for name in ("any", "manylinux2014_x86_64", "sdist", "win_amd64")]
        self.assertEqual(verdict.platforms, tuple(platforms))
        self.upstream.pages.clear()
        self.upstream.files.clear()
        shelf, _ = self.another()
        for project, contents in (("six", self.contents), ("attrs", self.attrs)):
            for filename, content in contents.items():
                file_response = await shelf.file(commitment, project, filename)
                self.assertEqual(
                    b"".join([piece async for piece in file_response.read(0, file_response.size)]), content
                )
                if filename.endswith(".whl"):
                    self.assertIn(b"Name: ", await shelf.metadata(commitment, project, filename))

    async def test_a_file_that_goes_is_missing(self) -> None:
        """The verdict follows from what the store has now."""
        commitment = await self.committed()
        await self.held(commitment)
        gone = a_file("six-1.0.tar.gz", self.contents["six-1.0.tar.gz"])
        await self.store.remove(str(gone.sha256), self.clock.seconds() + 1)
        verdict = await self.holding.verdict(commitment, EVERYWHERE)
        self.assertEqual(verdict.missing, (MissingFile(gone.project, gone.filename, len(b"an sdist of six")),))

    async def test_a_file_of_another_length_is_missing(self) -> None:
        """It was cut short on the disk."""
        commitment = await self.committed()
        await self.held(commitment)
        sha256 = digest_of(self.contents["six-1.0.tar.gz"]).hex
        self.store._blobs[sha256] = b"an sdist"
        verdict = await self.holding.verdict(commitment, EVERYWHERE)
        self.assertEqual([each.filename for each in verdict.missing], ["six-1.0.tar.gz"])

    async def test_metadata_that_was_promised_and_is_not_that_of_the_wheel_is_named(self) -> None:
        """The wheel is held with its own metadata, which is served from then on."""
        content = wheel_of("core", "1.0", b"x")
        promised = digest_of(b"Metadata-Version: 2.1\nName: core\nVersion: 1.0\n\nanother text\n")
        file = a_file("core-1.0-py3-none-any.whl", content, project="core", size=len(content), core_metadata=promised)
        self.upstream.offer(a_page(file, project="core"), content)
        commitment = await self.committed("core==1.0\n")
        verdict = await self.held(commitment)
        self.assertEqual((verdict.missing, verdict.differing_metadata), ((), (file.filename,)))

    async def test_wheels_that_clients_took_are_held_although_upstream_has_no_core_metadata(self) -> None:
        """An installer asks for the metadata first, and then takes the wheel; no upstream is asked to say so."""
        commitment = await self.committed()
        for name, project in (*((name, "six") for name in self.contents), *((name, "attrs") for name in self.attrs)):
            if name.endswith(".whl"):
                await self.shelf.metadata(commitment, project, name)
            file_response = await self.shelf.file(commitment, project, name)
            async for _ in file_response.read(0, file_response.size):
                pass
        asked = len(self.upstream.asked)
        verdict = await self.holding.verdict(commitment, EVERYWHERE)
        self.assertEqual((verdict.missing, verdict.held), ((), 4))
        self.assertEqual(len(self.upstream.asked), asked)

    async def test_metadata_that_was_promised_is_taken_from_the_wheel_in_the_store(self) -> None:
        content = wheel_of("core", "1.0", b"x")
        with ZipFile(BytesIO(content)) as archive:
            promised = digest_of(archive.read("core-1.0.dist-info/METADATA"))
        file = a_file("core-1.0-py3-none-any.whl", content, project="core", size=len(content), core_metadata=promised)
        self.upstream.offer(a_page(file, project="core"), content)
        commitment = await self.committed("core==1.0\n")
        file_response = await self.shelf.file(commitment, "core", file.filename)
        async for _ in file_response.read(0, file_response.size):
            pass
        self.assertEqual((await self.holding.verdict(commitment, EVERYWHERE)).missing, ())

    async def test_a_wheel_without_readable_metadata_is_not_held(self) -> None:
        content = b"this is not an archive"
        file = a_file("core-1.0-py3-none-any.whl", content, project="core", size=len(content))
        self.upstream.offer(a_page(file, project="core"), content)
        commitment = await self.committed("core==1.0\n")
        file_response = await self.shelf.file(commitment, "core", file.filename)
        async for _ in file_response.read(0, file_response.size):
            pass
        verdict = await self.holding.verdict(commitment, EVERYWHERE)
        self.assertEqual([each.filename for each in verdict.missing], [file.filename])

    async def test_filters_leave_less(self) -> None:
        """Only what they leave is fetched, and only that is asked about."""
        commitment = await self.committed()
        windows = InstallTarget.read({"platform": ["win_amd64"], "only-binary": [":all:"]})
        verdict = await self.held(commitment, windows)
        self.assertTrue(verdict.complete)
        self.assertEqual([platform.platform for platform in verdict.platforms], ["any", "win_amd64"])
        self.assertFalse([url for url in self.upstream.asked if "linux" in url or "tar.gz" in url])
        self.assertEqual(
            [each.filename for each in (await self.holding.verdict(commitment, EVERYWHERE)).missing],
            ["six-1.0.tar.gz", "six-1.0-cp312-cp312-manylinux2014_x86_64.whl"],
        )

    async def test_a_pin_without_a_file_for_the_target_is_named(self) -> None:
        """Unless a marker may rule it out."""
        mac = InstallTarget.read({"platform": ["macosx_11_0_arm64"], "only-binary": [":all:"]})
        commitment = await self.committed("six==1.0\nattrs==2.0\n")
        self.assertEqual((await self.held(commitment, mac)).unfit, ("six 1.0",))
        marked = await self.committed("six==1.0; sys_platform == 'win32'\nattrs==2.0\n")
        self.assertEqual((await self.held(marked, mac)).unfit, ())


class HoldTests(HoldingCase):
    """The progress of a hold."""

    def block(self, file: str) -> Deferred[None]:
        """Have upstream wait before it sends a file."""
        gate: Deferred[None] = Deferred()

        async def wait() -> None:
            await gate

        self.upstream.before[f"https://files.example.org/{file}"] = wait
        return gate

    def fail(self, what: str, *errors: Exception) -> None:  # type: ignore[override]
        left = list(errors)

        async def trouble() -> None:
            if left:
                raise left.pop(0)

        self.upstream.before[what] = trouble

    async def test_progress(self) -> None:
        """Files that are there, and bytes of those on their way."""
        commitment = await self.committed("attrs==2.0\n")
        content = next(iter(self.attrs.values()))
        self.upstream.step = 100
        gate: Deferred[None] = Deferred()
        pieces = iter([None, None])

        async def wait() -> None:
            if next(pieces, gate) is gate:
                await gate

        self.upstream.between["https://files.example.org/attrs-2.0-py3-none-any.whl"] = wait
        await self.holding.begin(commitment, EVERYWHERE)
        await turn()
        progress = await self.holding.progress(commitment, EVERYWHERE)
        self.assertEqual(progress, HoldProgress(1, 1, 1, len(content), 0, 200))
        gate.callback(None)
        await self.settled(commitment)
        self.assertTrue((await self.holding.verdict(commitment, EVERYWHERE)).complete)

    async def test_two_that_ask_share_one(self) -> None:
        """In this process and in another."""
        commitment = await self.committed("attrs==2.0\n")
        gate = self.block("attrs-2.0-py3-none-any.whl")
        await self.holding.begin(commitment, EVERYWHERE)
        await self.holding.begin(commitment, EVERYWHERE)
        await turn()
        _, other = self.another()
        self.assertEqual((await other.progress(commitment, EVERYWHERE)), HoldProgress(1, 0, 0, 0, 0, 0))
        await other.begin(commitment, EVERYWHERE)
        gate.callback(None)
        await self.settled(commitment)
        self.assertEqual(self.upstream.asked.count("attrs"), 1)
        self.assertIsNone(await other.progress(commitment, EVERYWHERE))

    async def test_a_hold_that_waits_for_its_turn_does_not_keep_its_lock_in_memory(self) -> None:
        """Any number of them may wait."""
        self.shelf = Shelf(self.store, self.upstream, self.clock, "small", in_memory=1)  # one lock at a time
        self.holding = Holds(self.shelf, self.store, self.clock)
        gate = self.block("six-1.0.tar.gz")
        for number in range(6):
            await self.holding.begin(await self.committed(f"six==1.0\n# {number}\n"), EVERYWHERE)
        last = await self.committed("six==1.0\n# the last\n")
        await self.holding.begin(last, EVERYWHERE)
        address, kept = last.address, ref(last)
        del last
        await self.shelf.commit(b"six==1.0\n# another\n")
        gc.collect()
        self.assertIsNone(kept())
        gate.callback(None)
        await self.settled(await self.shelf.commitment(address))
        self.assertTrue((await self.held(await self.shelf.commitment(address))).complete)

    async def test_a_process_that_ended_is_forgotten(self) -> None:
        """Its record is not written any more; a new request goes on."""
        commitment = await self.committed("attrs==2.0\n")
        self.block("attrs-2.0-py3-none-any.whl")
        _, dead = self.another()
        await dead.begin(commitment, EVERYWHERE)
        await turn()
        dead_hold = next(iter(dead._under_way.values()))
        self.assertIsNotNone(await self.holding.progress(commitment, EVERYWHERE))
        record = holding_record(commitment.address, EVERYWHERE)
        written = await self.store.get(record)
        dead.stop()
        dead_hold.stopped = True
        self.clock.advance(30)
        await self.store.replace(record, written or b"")
        self.assertIsNone(await self.holding.progress(commitment, EVERYWHERE))
        self.upstream.before.clear()
        self.store._claimed.clear()  # as the end of its process does
        self.assertTrue((await self.held(commitment)).complete)

    async def test_what_fails_for_a_while_is_tried_again(self) -> None:
        """Files and pages; the others are not held up."""
        self.fail("six", UpstreamTrouble("busy"))
        self.fail("https://files.example.org/attrs-2.0-py3-none-any.whl", *[UpstreamTrouble("busy")] * 5)
        self.assertTrue((await self.held(await self.committed())).complete)

    async def test_what_fails_for_good_is_named(self) -> None:
        """Once; all others are held."""
        url = "https://files.example.org/six-1.0.tar.gz"
        self.fail(url, *[NotFound("it is gone")] * 9)
        verdict = await self.held(await self.committed())
        expected = MissingFile(
            a_file("six-1.0.tar.gz").project, "six-1.0.tar.gz", len(b"an sdist of six"), "it is gone"
        )
        self.assertEqual((verdict.missing, verdict.held), ((expected,), 3))
        self.assertEqual(self.upstream.asked.count(url), 1)

    async def test_a_project_that_is_gone(self) -> None:
        """Its files are not known, and the reason is reported."""
        verdict = await self.held(await self.committed("gone==1.0\nattrs==2.0\n"))
        self.assertEqual([(each.project, each.filename) for each in verdict.missing], [("gone", None)])
        self.assertIn("no project gone", verdict.missing[0].reason)

    async def test_a_hold_goes_on_from_what_is_there(self) -> None:
        """Nothing that is in the store is fetched again."""
        commitment = await self.committed()
        await self.held(commitment)
        asked = len(self.upstream.asked)
        self.shelf, self.holding = self.another()
        self.assertTrue((await self.held(commitment)).complete)
        self.assertEqual(self.upstream.asked[asked:], [])

    async def test_a_full_store_ends_it(self) -> None:
        """And says so for each file."""
        full = _FullStore(self.clock.seconds)
        self.shelf, self.holding = self.another(full)
        verdict = await self.held(await self.committed("attrs==2.0\n"))
        self.assertEqual([each.reason for each in verdict.missing], ["the store is full"])

    async def test_it_ends_with_its_server(self) -> None:
        """Nothing more is started, and no client gets the answer that it is in progress."""
        commitment = await self.committed()
        gate = self.block("attrs-2.0-py3-none-any.whl")
        await self.holding.begin(commitment, EVERYWHERE)
        self.holding.stop()
        gate.callback(None)
        await self.settled(commitment)
        _, other = self.another()
        self.assertIsNone(await other.progress(commitment, EVERYWHERE))

    async def test_its_record_goes_with_the_lock(self) -> None:
        """A sweep leaves nothing of it."""
        commitment = await self.committed()
        await self.held(commitment)
        self.clock.advance(100)
        await Sweep(self.store, self.clock, 0).run()
        self.assertEqual([name async for name in self.store.names("holding/")], [])
