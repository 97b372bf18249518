"""SBOMs of locks over a store: core metadata that is known once is known forever, and missing metadata is reported."""

from __future__ import annotations

import json

from attrs import evolve
from twisted.internet.defer import Deferred, DeferredList
from twisted.internet.task import Clock
from twisted.trial.unittest import TestCase

from reqpi.core import sbom
from reqpi.core.errors import NotFound, UpstreamTrouble
from reqpi.core.model import Commitment
from reqpi.runtime.singleflight import PATIENCE
from reqpi.shelf.maintenance.sweep import Sweep
from reqpi.shelf.maintenance.undoing import Undoing
from reqpi.shelf.records import sbom_record
from reqpi.shelf.shelf import Shelf
from reqpi.shelf.whole_lock.sboms import Sboms
from reqpi.storage.memory import MemoryStore
from tests.distributions import a_file, a_page
from tests.fake_index import PlainUpstream
from tests.fake_upstream.distributions import build_wheel
from tests.turns import Turns

LOCK = b"six==1.0\ntreq==2.0\nidna==3.0\n"
SIX, TREQ = build_wheel("six", "1.0", requires=("treq", "elsewhere")), build_wheel("treq", "2.0")
PINS = 100


class BillsTests(TestCase):
    """Two wheels, and an sdist that has no metadata file."""

    timeout = 240

    def setUp(self) -> None:
        self.clock = Clock()
        self.store = MemoryStore(self.clock.seconds)
        self.upstream = PlainUpstream()
        self.six = a_file("six-1.0-py3-none-any.whl", SIX, size=len(SIX), core_metadata=True)
        self.treq = a_file("treq-2.0-py3-none-any.whl", TREQ, "treq", size=len(TREQ), core_metadata=True)
        self.upstream.offer(a_page(self.six), SIX)
        self.upstream.offer(a_page(self.treq, project="treq"), TREQ)
        self.upstream.offer(a_page(a_file("idna-3.0.tar.gz", b"idna", "idna"), project="idna"), b"idna")
        self.shelf = self.replica()

    def replica(self, upstream: PlainUpstream | None = None) -> Shelf:
        return Shelf(self.store, upstream or self.upstream, self.clock, "tests")

    def sboms(self, shelf: Shelf) -> Sboms:
        return Sboms(shelf, self.store, self.clock)

    async def committed(self, shelf: Shelf) -> Commitment:
        commitment, _ = await shelf.commit(LOCK)
        return commitment

    async def bill(self, shelf: Shelf | None = None, *, complete: bool = True, hold: bool | None = None) -> bytes:
        """Return the SBOM; one that is complete needs the wheels in the store."""
        shelf = shelf or self.shelf
        commitment = await self.committed(shelf)
        for file in (self.six, self.treq) if (complete if hold is None else hold) else ():
            await shelf.hold(commitment, file.project, file.filename)
        written = await self.sboms(shelf).written(commitment, None, sbom.cyclonedx)
        self.assertEqual(written.complete, complete)
        return written.body

    async def test_sboms_inside_wheels_are_merged_once_all_wheels_are_in_the_store(self) -> None:
        """A replica with other upstreams writes the same then; an SBOM that was final before gains nothing."""
        document = (
            b'{"bomFormat": "CycloneDX", "specVersion": "1.6", "components": [{"type": "library", "name": "ssl"}]}'
        )
        inside = build_wheel("six", "1.0", files={"six-1.0.dist-info/sboms/x.json": document})
        other = a_file("six-1.0-cp311-cp311-linux_x86_64.whl", inside, size=len(inside))
        before = await self.bill()
        self.upstream.offer(a_page(self.six, other), SIX, inside)
        commitment, _ = await self.shelf.commit(LOCK + b"# another address\n")
        for file in (self.six, self.treq):
            await self.shelf.hold(commitment, file.project, file.filename)
        sboms = self.sboms(self.shelf)
        written = await sboms.written(commitment, None, sbom.cyclonedx)
        self.assertFalse(written.complete)
        await self.shelf.hold(commitment, other.project, other.filename)
        written = await sboms.written(commitment, None, sbom.cyclonedx)
        self.assertTrue(written.complete)
        said = json.loads(written.body)
        self.assertEqual([each["name"] for each in said["components"]], ["ssl", "idna", "six", "treq"])
        self.assertIn({"ref": "pkg:pypi/six@1.0", "dependsOn": ["pkg:pypi/treq@2.0", "ssl@"]}, said["dependencies"])
        replica = self.sboms(self.replica(PlainUpstream()))
        self.assertEqual((await replica.written(commitment, None, sbom.cyclonedx)).body, written.body)
        self.assertEqual(await self.bill(), before)

    async def test_edges_come_from_the_metadata_of_wheels(self) -> None:
        """No wheel is fetched for it, nor the sdist."""
        (dependency,) = (
            each for each in json.loads(await self.bill(complete=False))["dependencies"] if "dependsOn" in each
        )
        self.assertEqual(dependency, {"ref": "pkg:pypi/six@1.0", "dependsOn": ["pkg:pypi/treq@2.0"]})
        self.assertIsNone(await self.store.size(str(self.six.sha256)))
        self.assertNotIn("https://files.example.org/idna-3.0.tar.gz", self.upstream.asked)

    async def test_another_replica_writes_the_same_bytes_and_asks_nobody(self) -> None:
        first = await self.bill()
        self.assertEqual(await self.bill(self.replica(PlainUpstream())), first)

    async def test_what_was_known_stays_though_the_metadata_says_something_else_later(self) -> None:
        """Metadata read by ranges is replaced by that of the wheel; an SBOM is not."""
        first = await self.bill()
        async for sha256 in self.store.all():
            await self.store.repair(sha256)
        self.upstream.files.clear()
        self.assertEqual(await self.bill(self.replica(), hold=False), first)

    async def test_the_first_of_two_replicas_is_right(self) -> None:
        """Both read, one writes down."""
        commitment = await self.committed(self.shelf)
        record = sbom_record(commitment.address, "metadata")
        said = {str(self.six.sha256): sbom.About("the first"), str(self.treq.sha256): sbom.About()}

        async def other() -> None:
            await self.store.create(record, sbom.record.dump(said))

        await self.shelf.pages(commitment)
        self.upstream.before[self.six.url] = other
        self.assertIn(b"the first", await self.bill())

    async def test_while_some_cannot_be_had_the_rest_is_said_and_nothing_written_down(self) -> None:
        commitment = await self.committed(self.shelf)
        await self.shelf.pages(commitment)
        away = self.upstream.files.pop(self.six.url)
        partial = await self.bill(complete=False)
        self.assertIn(b"reqpi:core_metadata", partial)
        self.assertEqual([each["name"] for each in json.loads(partial)["components"]], ["idna", "six", "treq"])
        self.assertIsNone(await self.store.get(sbom_record(commitment.address, "metadata")))
        self.upstream.files[self.six.url] = away
        self.clock.advance(5)  # a failed download is remembered for a moment
        whole = await self.bill()
        self.assertNotIn(b"reqpi:core_metadata", whole)
        self.assertNotEqual(json.loads(whole)["serialNumber"], json.loads(partial)["serialNumber"])

    async def test_an_sbom_has_the_metadata_of_files_that_were_frozen_later(self) -> None:
        """Also if a process that has the old page in memory writes down what it knows once more."""
        await self.bill()
        commitment = await self.committed(self.shelf)
        record = sbom_record(commitment.address, "metadata")
        old = await self.store.get(record)
        assert old is not None
        content = build_wheel("six", "1.0", requires=("idna",))
        self.six = a_file("six-1.0-1-py3-none-any.whl", content, size=len(content), core_metadata=True)
        self.upstream.offer(a_page(self.six), content)
        await Undoing(self.shelf, self.store).refreeze(commitment.address, "six", "operator")
        await self.store.create(record, old)
        first = await self.bill()
        edges = [each for each in json.loads(first)["dependencies"] if "dependsOn" in each]
        self.assertEqual(edges, [{"ref": "pkg:pypi/six@1.0", "dependsOn": ["pkg:pypi/idna@3.0"]}])
        self.assertEqual(await self.bill(self.replica(PlainUpstream()), hold=False), first)

    async def test_a_slow_upstream_is_waited_for_and_then_asked_again(self) -> None:
        """As for pages: the client is told to come back, and the work goes on."""
        commitment = await self.committed(self.shelf)
        await self.shelf.pages(commitment)
        slow: Deferred[None] = Deferred()
        began: Deferred[None] = Deferred()

        async def wait() -> None:
            if not began.called:
                began.callback(None)
            await slow

        self.upstream.before[self.six.url] = wait
        first = Deferred.fromCoroutine(self.bill(hold=False))
        await began
        self.clock.advance(PATIENCE)
        trouble = await self.assertFailure(first, UpstreamTrouble)
        self.assertIn("on the way", str(trouble))
        slow.callback(None)
        await self.bill()

    async def test_a_wheel_that_is_gone_for_good_is_not_asked_for_thrice(self) -> None:
        async def gone() -> None:
            raise NotFound("gone")

        commitment = await self.committed(self.shelf)
        await self.shelf.pages(commitment)
        self.upstream.before[self.six.url] = gone
        self.upstream.asked.clear()
        await self.bill(complete=False)
        self.assertLessEqual(self.upstream.asked.count(self.six.url), 2)

    async def test_who_asks_at_the_same_time_waits_for_the_same_work(self) -> None:
        commitment = await self.committed(self.shelf)
        sboms = self.sboms(self.shelf)
        asked = [Deferred.fromCoroutine(sboms.written(commitment, None, sbom.spdx)) for _ in range(5)]
        written = [await each for each in asked]
        self.assertEqual(len({id(each) for each in written}), 1)

    async def test_who_asks_by_many_names_makes_little_work(self) -> None:
        """Clients can invent any number of names. The data are gathered once, and concurrent requests are bounded."""
        commitment = await self.committed(self.shelf)
        gathered: list[object] = []
        of = sbom.sbom_of
        self.patch(sbom, "sbom_of", lambda *args: gathered.append(args) or of(*args))
        names = [sbom.MainComponent(f"name-{number}") for number in range(100)]
        sboms = self.sboms(self.shelf)
        asked = [Deferred.fromCoroutine(sboms.written(commitment, own, sbom.spdx)) for own in names]
        outcomes = await DeferredList(asked, consumeErrors=True)
        self.assertEqual([good for good, _ in outcomes], [True] * 32 + [False] * 68)
        outcomes[-1][1].trap(UpstreamTrouble)
        self.assertEqual(len(gathered), 1)
        self.assertIn(b"name-99", (await sboms.written(commitment, names[-1], sbom.spdx)).body)

    async def test_it_goes_with_its_lock(self) -> None:
        await self.bill()
        self.clock.advance(1000)
        await Sweep(self.store, self.clock, 10).run()
        self.assertEqual([name async for name in self.store.names("bills/")], [])


class LargeTests(TestCase):
    """A large lock, in a server that has other clients."""

    timeout = 240

    async def test_the_reactor_goes_on(self) -> None:
        """It is gathered and written in a thread. Pages are frozen first: that is not what counts here."""
        clock, upstream = Clock(), PlainUpstream()
        store = MemoryStore(clock.seconds)
        shelf = Shelf(store, upstream, clock, "tests")
        for number in range(PINS):
            project = f"p{number}"
            wheel = build_wheel(project, "1.0", requires=(f"p{number * 7 % PINS}", f"p{number * 13 % PINS}"))
            file = a_file(f"{project}-1.0-py3-none-any.whl", wheel, project, size=len(wheel), core_metadata=True)
            others = [evolve(file, filename=f"{project}-1.0-cp3{n}-cp3{n}-win32.whl") for n in range(10)]
            upstream.offer(a_page(file, *others, project=project), *[wheel] * 11)
        commitment, _ = await shelf.commit("".join(f"p{n}==1.0\n" for n in range(PINS)).encode())
        await shelf.pages(commitment)
        turns = Turns()
        turns.start()
        try:
            written = await Sboms(shelf, store, clock).written(commitment, None, sbom.cyclonedx)
        finally:
            turns.stop()
        self.assertFalse(written.complete, "no wheel is in the store")
        self.assertEqual(len(json.loads(written.body)["components"]), PINS)
        self.assertLess(turns.longest, 300 * PINS, "in the reactor's thread it takes a hundred times as many calls")
