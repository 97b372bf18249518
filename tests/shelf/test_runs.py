"""Runs: what any process sends is in the receipt, and nothing is left of a run that has ended."""

from __future__ import annotations

from collections import Counter

from attrs import evolve
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import TestCase

from reqpi.core.errors import Occupied, StoreTrouble, UnknownSession
from reqpi.core.receipts.document import write_receipt
from reqpi.core.receipts.model import Receipt, RefusedEntry, TakenEntry
from reqpi.core.receipts.reading import read_receipt
from reqpi.core.receipts.recorder import How
from reqpi.shelf.run_counts import entry_of
from reqpi.shelf.runs import ENTRIES, LASTS, REFUSALS, RUNS, Run, Runs
from reqpi.shelf.shelf import Shelf
from reqpi.storage.memory import MemoryStore
from tests.fake_index import PlainUpstream

SIX = TakenEntry("file", "six", "six-1.0.tar.gz", "https://x.example/six-1.0.tar.gz", "pkg:pypi/six@1.0", "b" * 64, 5)
PAGE = TakenEntry("page", "six")
REFUSED = RefusedEntry("", "seven", "/simple/seven", "pip/26.3", "not in the lock")


class RunsCase(TestCase):
    timeout = 60

    async def setUp(self) -> None:
        self.clock = Clock()
        self.clock.advance(1_800_000_000)
        self.store = MemoryStore(self.clock.seconds)
        self.started = 0
        self.runs = self.another()
        shelf = Shelf(self.store, PlainUpstream(), self.clock, "tests")
        self.commitment, _ = await shelf.commit(b"six==1.0\n")

    def another(self, patience: float = 0) -> Runs:
        """Another process on the same store."""
        self.started += 1
        return Runs(self.store, self.clock, f"process-{self.started}", patience)

    async def send(self, runs: Runs, run: Run, thing: TakenEntry, how: str | None = "count") -> None:
        """Send a thing, as the web does."""
        await runs.taking(run, entry_of(thing))
        await runs.count(run, key_of(thing), how)  # type: ignore[arg-type]

    async def receipt(self, runs: Runs, run: Run) -> Receipt:
        """Return the receipt, which can be written and read."""
        found = await runs.receipt(run, self.commitment)
        self.assertEqual(read_receipt(write_receipt(found)), found)
        return found

    async def left(self) -> list[str]:
        return [name for kind in ("runs", "run-entries", "run-counts") async for name in self.store.names(f"{kind}/")]

    async def assert_raises(self, kind: type[Exception], what: object) -> None:
        with self.assertRaises(kind):
            await what  # type: ignore[misc]


def key_of(thing: TakenEntry) -> str:
    entry = entry_of(thing)
    assert entry is not None
    return entry.key


class ReceiptTests(RunsCase):
    """The record of a run is in the store, and so available to every process."""

    async def test_a_receipt_has_everything_with_counts(self) -> None:
        run = await self.runs.begin(self.commitment)
        self.clock.advance(7)
        for how in ("count", "count", "partial", "unchanged", None):
            await self.send(self.runs, run, SIX, how)
        await self.send(self.runs, run, PAGE)
        for _ in range(3):
            await self.runs.refuse(run, REFUSED)
        found = await self.receipt(self.runs, run)
        self.assertEqual(found.taken, (evolve(SIX, count=2, partial=1, unchanged=1), evolve(PAGE, count=1)))
        self.assertEqual(found.refused, (evolve(REFUSED, count=3),))
        self.assertEqual((found.address, found.complete, found.sealed), (self.commitment.address, True, False))
        self.assertEqual([each.sha256 for each in found.documents], [self.commitment.address])
        self.assertEqual((found.started, found.ended), ("2027-01-15T08:00:00Z", "2027-01-15T08:00:07Z"))

    async def test_a_receipt_does_not_change_until_something_is_sent(self) -> None:
        run = await self.runs.begin(self.commitment)
        await self.send(self.runs, run, SIX)
        one = await self.receipt(self.runs, run)
        self.clock.advance(1000)
        await self.runs.tend()
        self.assertEqual(await self.receipt(self.runs, run), one)
        self.assertEqual(await self.receipt(self.another(), run), one)

    async def test_the_counts_of_all_processes_add_up(self) -> None:
        run = await self.runs.begin(self.commitment)
        there = self.another()
        for runs in (self.runs, there, there):
            await self.send(runs, await runs.get(run.token), SIX)
            await runs.refuse(run, REFUSED)
        for runs in (self.runs, there, self.another()):
            found = await self.receipt(runs, run)
            self.assertEqual(found.taken, (evolve(SIX, count=3),))
            self.assertEqual(found.refused, (evolve(REFUSED, count=3),))

    async def test_nothing_is_sent_that_no_receipt_has(self) -> None:
        """A process that crashes has written the entry before the first byte, and may have sent a part."""
        run = await self.runs.begin(self.commitment)
        await self.runs.taking(run, entry_of(SIX))
        await self.runs.refuse(run, REFUSED)
        found = await self.receipt(self.another(), run)
        self.assertEqual((found.taken, found.refused), ((evolve(SIX, partial=1),), (REFUSED,)))

    async def test_a_receipt_waits_a_moment_for_the_counts_of_another_process(self) -> None:
        """Then it reports a part, which is known."""
        run = await self.runs.begin(self.commitment)
        key = key_of(SIX)
        await self.runs.taking(run, entry_of(SIX))
        for expected in (evolve(SIX, partial=1), evolve(SIX, count=1)):
            waiting = Deferred.fromCoroutine(self.another(patience=2).receipt(run, self.commitment))
            self.assertFalse(waiting.called)
            if expected.count:
                await self.runs.count(run, key, "count")
            self.clock.pump([0.25] * 8)
            self.assertEqual((await waiting).taken, (expected,))

    async def test_the_counts_of_a_large_run_are_not_written_for_each_response(self) -> None:
        """The record grows with each thing that was taken."""
        run = await self.runs.begin(self.commitment)
        await self.send(self.runs, run, PAGE)
        many = {f"t-{number}": Counter[How]() for number in range(2000)}
        self.runs._counts[run.token].sent |= many
        written = self.writes()
        first = Deferred.fromCoroutine(self.send(self.runs, run, PAGE))
        for _ in range(50):
            await self.send(self.runs, run, PAGE)
        self.assertEqual((len(written), first.called), (1, False))
        self.clock.pump([0.3, 0.3])
        await first
        self.assertEqual(len(written), 2)
        (entry,) = (await self.receipt(self.another(), run)).taken
        self.assertEqual(entry.count, 52)

    def writes(self) -> list[str]:
        """Return a list to which each record that is replaced from now on is added."""
        names: list[str] = []
        replace = self.store.replace

        async def noted(name: str, value: bytes) -> None:
            names.append(name)
            await replace(name, value)

        self.patch(self.store, "replace", noted)
        return names

    async def test_a_store_that_was_away_gets_the_counts_later(self) -> None:
        run = await self.runs.begin(self.commitment)
        key = key_of(SIX)
        await self.runs.taking(run, entry_of(SIX))
        replace = self.store.replace

        async def away(name: str, value: bytes) -> None:
            raise StoreTrouble("the store is away")

        self.store.replace = away  # type: ignore[method-assign]
        await self.assert_raises(StoreTrouble, self.runs.count(run, key, "count"))
        self.store.replace = replace  # type: ignore[method-assign]
        await self.runs.tend()
        self.assertEqual((await self.receipt(self.another(), run)).taken, (evolve(SIX, count=1),))

    async def test_a_response_that_failed_is_not_in_the_receipt(self) -> None:
        run = await self.runs.begin(self.commitment)
        await self.send(self.runs, run, SIX, None)
        self.assertEqual((await self.receipt(self.runs, run)).taken, ())

    async def test_a_thing_that_no_receipt_can_have_makes_it_incomplete(self) -> None:
        run = await self.runs.begin(self.commitment)
        await self.send(self.runs, run, PAGE)
        self.assertIsNone(entry_of(evolve(SIX, filename="six\x00.tar.gz")))
        await self.runs.taking(run, None)
        found = await self.receipt(self.another(), run)
        self.assertEqual((found.taken, found.complete), ((evolve(PAGE, count=1),), False))

    async def test_only_entries_are_counted(self) -> None:
        """A thing that was not sent, because the run has too many, leaves nothing in the counts."""
        run = await self.runs.begin(self.commitment)
        await self.runs.count(run, "t-unknown", "count")
        await self.runs.forget(run, "r-unknown")
        self.assertEqual(self.runs._counts[run.token].sent, {})

    async def test_a_refusal_that_was_not_one_is_taken_back(self) -> None:
        run = await self.runs.begin(self.commitment)
        key = await self.runs.refuse(run, REFUSED)
        await self.runs.forget(run, key)
        self.assertEqual((await self.receipt(self.runs, run)).refused, ())

    async def test_counts_that_left_memory_go_on_where_they_were(self) -> None:
        run = await self.runs.begin(self.commitment)
        for _ in range(2):
            await self.send(self.runs, run, SIX)
            for _ in range(3):
                await self.runs.tend()
            self.assertEqual(self.runs._counts, {})
        self.assertEqual((await self.receipt(self.runs, run)).taken, (evolve(SIX, count=2),))

    async def test_an_entry_that_a_slow_store_takes_is_counted(self) -> None:
        """The counts of the process leave memory meanwhile, and come back without the entry."""
        run = await self.runs.begin(self.commitment)
        create, waiting = self.store.create, Deferred[None]()

        async def slow(name: str, value: bytes) -> bytes:
            await waiting
            return await create(name, value)

        self.patch(self.store, "create", slow)
        taking = Deferred.fromCoroutine(self.runs.taking(run, entry_of(SIX)))
        for _ in range(2):
            await self.runs.tend()
        self.patch(self.store, "create", create)
        await self.send(self.runs, run, PAGE)
        waiting.callback(None)
        await taking
        await self.runs.count(run, key_of(SIX), "count")
        found = await self.receipt(self.runs, run)
        self.assertEqual(found.taken, (evolve(SIX, count=1), evolve(PAGE, count=1)))

    async def test_an_entry_that_is_missing_is_reported(self) -> None:
        """Repairing a store removes damaged records."""
        run = await self.runs.begin(self.commitment)
        await self.send(self.runs, run, SIX)
        (name,) = [name async for name in self.store.names("run-entries/")]
        await self.store.delete(name)
        found = await self.receipt(self.runs, run)
        self.assertEqual((found.taken, found.complete), ((), False))

    async def test_texts_of_a_client_are_cleaned(self) -> None:
        run = await self.runs.begin(self.commitment)
        await self.runs.refuse(run, evolve(REFUSED, agent="\x1b[2J" + "x" * 1000, url="/simple/a?token=secret"))
        (entry,) = (await self.receipt(self.another(), run)).refused
        self.assertEqual((entry.agent[1:5], len(entry.agent), entry.url), ("[2Jx", 200, "/simple/a"))
        self.assertTrue(entry.agent.isprintable())


class BoundTests(RunsCase):
    """Runs are few, and end."""

    async def test_a_token_that_no_one_was_given_is_unknown(self) -> None:
        for token in ("0" * 32, "", "..", "a" * 31, "\u0663" * 32, "runs", self.commitment.address):
            await self.assert_raises(UnknownSession, self.runs.get(token))

    async def test_nothing_is_left_of_a_run_that_ended(self) -> None:
        run = await self.runs.begin(self.commitment)
        await self.send(self.runs, run, SIX)
        await self.runs.tend()
        await self.runs.end(run)
        await self.runs.tend()
        self.assertEqual(await self.left(), [])

    async def test_nothing_is_left_of_a_run_that_another_process_ended(self) -> None:
        """Neither an entry nor counts that are written afterwards."""
        there = self.another()
        for late in (lambda run: there.taking(run, entry_of(SIX)), lambda run: there.refuse(run, REFUSED)):
            run = await self.runs.begin(self.commitment)
            await there.get(run.token)
            await self.send(there, run, PAGE)
            await self.runs.end(run)
            await self.assert_raises(UnknownSession, there.receipt(run, self.commitment))
            await self.assert_raises(UnknownSession, late(run))
            await there.tend()
            self.assertEqual(await self.left(), [])

    async def test_a_run_that_was_not_used_for_a_while_ends(self) -> None:
        """One that is in use does not."""
        idle, used = await self.runs.begin(self.commitment), await self.runs.begin(self.commitment)
        await self.send(self.runs, idle, SIX)
        await self.runs.tend()
        self.clock.advance(LASTS - 1)
        await self.runs.get(used.token)
        self.clock.advance(2)
        await self.runs.tend()
        await self.assert_raises(UnknownSession, self.runs.get(idle.token))
        self.assertEqual(await self.another().get(used.token), used)
        self.assertEqual(await self.left(), [f"runs/{used.token}"])

    async def test_there_are_so_many_and_no_more(self) -> None:
        """Until one of them ends."""
        runs = [await self.runs.begin(self.commitment) for _ in range(RUNS)]
        await self.assert_raises(Occupied, self.another().begin(self.commitment))
        await self.runs.end(runs[0])
        await self.another().begin(self.commitment)

    async def test_a_run_takes_so_much_and_no_more(self) -> None:
        """The bound is that of the run, in every process that has read its entries."""
        run = await self.runs.begin(self.commitment)
        await self.send(self.runs, run, PAGE)
        counts = self.runs._counts[run.token]
        counts.known |= {f"t-{number}" for number in range(ENTRIES - 1)}
        await self.assert_raises(Occupied, self.runs.taking(run, entry_of(SIX)))
        await self.send(self.runs, run, PAGE)
        await self.runs.refuse(run, REFUSED)
        found = await self.receipt(self.runs, run)
        self.assertEqual((found.taken, found.complete), ((evolve(PAGE, count=2),), True))

    async def test_with_too_many_refusals_the_receipt_is_not_complete(self) -> None:
        """For every process, also after the one that refused has ended."""
        run = await self.runs.begin(self.commitment)
        await self.send(self.runs, run, PAGE)
        self.runs._counts[run.token].known |= {f"r-{number}" for number in range(REFUSALS)}
        self.assertEqual(await self.runs.refuse(run, REFUSED), "")
        await self.runs.tend()
        for runs in (self.runs, self.another()):
            self.assertFalse((await self.receipt(runs, run)).complete)
