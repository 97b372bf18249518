"""The decisions of an operator in a store that several processes share."""

from __future__ import annotations

from math import inf

from twisted.internet.task import Clock
from twisted.logger import LogEvent, LogLevel, formatEvent, globalLogPublisher
from twisted.trial.unittest import TestCase

from reqpi.core.address import address_of
from reqpi.core.decisions import FORGET, REFREEZE
from reqpi.core.errors import Occupied, StoreTrouble, UnknownAddress
from reqpi.shelf import denials as module
from reqpi.shelf.denials import Denials
from reqpi.shelf.maintenance.undoing import forget_lock
from reqpi.shelf.maintenance.verify import Verification
from reqpi.shelf.records import decision_record, lock_record, page_record
from reqpi.storage.memory import MemoryStore
from reqpi.storage.sealed import SealedStore
from tests.storage.test_sealed import KEY, OLD_KEY

LOCK = b"six==1.0\n"
ADDRESS = address_of(LOCK)


class DenialsCase(TestCase):
    """Two processes on one store."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.clock.advance(1_000_000)
        self.store = MemoryStore(self.clock.seconds)
        self.here, self.there = Denials(self.store, self.clock), Denials(self.store, self.clock)
        self.told: list[str] = []
        self.there.changed.append(lambda: self.told.append("there"))

    async def decisions(self) -> list[str]:
        return [name async for name in self.store.names(decision_record(""))]


class FullTests(DenialsCase):
    """As many projects are denied as may be."""

    async def setUp(self) -> None:
        super().setUp()
        self.patch(module, "MOST", 3)
        self.patch(module, "_UNDONE", 2)
        for project in ("a", "b", "c"):
            await self.here.deny(project, "it mines coins", "operator")
        await self.there.refresh()
        self.told.clear()

    async def test_one_more_denial_is_refused_with_advice(self) -> None:
        with self.assertRaises(Occupied) as caught:
            await self.here.deny("d", "it mines coins", "operator")
        self.assertIn("--list", caught.exception.detail)

    async def test_a_denial_may_get_another_reason(self) -> None:
        await self.here.deny("b", "it was yanked", "operator")
        reasons = {denial.what: denial.because for denial in await self.there.listed()}
        self.assertEqual(reasons, {"a": "it mines coins", "b": "it was yanked", "c": "it mines coins"})

    async def test_a_lock_is_forgotten_with_all_of_its_records_and_others_are_told(self) -> None:
        await self.store.create(lock_record(ADDRESS), LOCK)
        await self.store.create(page_record(ADDRESS, "six"), b"a page")
        self.assertEqual(await forget_lock(self.store, self.here, ADDRESS, "operator"), 2)
        self.assertIsNone(await self.store.get(page_record(ADDRESS, "six")))
        await self.there.refresh()
        self.assertTrue(self.told)

    async def test_what_was_undone_takes_no_room_from_denials(self) -> None:
        for _ in range(5):
            await self.here.undone(REFREEZE, ADDRESS, "operator")
        await self.here.revoke("c")
        await self.here.deny("d", "it mines coins", "operator")

    async def test_the_latest_of_what_was_undone_is_kept_for_others(self) -> None:
        for _ in range(5):
            self.clock.advance(1)
            await self.here.undone(REFREEZE, ADDRESS, "operator")
            await self.there.refresh()
            self.assertTrue(self.told)
            self.told.clear()
            self.assertLessEqual(len(await self.decisions()), 5)


class ForgettingTests(DenialsCase):
    async def test_others_are_told_before_a_lock_is_removed(self) -> None:
        """A store that takes no decision keeps the lock: its forgetting can be tried again."""
        store = _WithoutDecisions(self.clock.seconds)
        await store.create(lock_record(ADDRESS), LOCK)
        with self.assertRaises(StoreTrouble):
            await forget_lock(store, Denials(store, self.clock), ADDRESS, "operator")
        self.assertEqual(await store.get(lock_record(ADDRESS)), LOCK)

    async def test_what_an_interrupted_removal_left_can_be_removed(self) -> None:
        await self.store.create(page_record(ADDRESS, "six"), b"a page")
        self.assertEqual(await forget_lock(self.store, self.here, ADDRESS, "operator"), 1)
        with self.assertRaises(UnknownAddress):
            await forget_lock(self.store, self.here, ADDRESS, "operator")

    async def test_a_lock_that_another_process_reads_meanwhile_is_dropped_there(self) -> None:
        """It is told before the removal, and again after it."""
        store = _Watched(self.clock.seconds)
        store.there = there = Denials(store, self.clock)
        told: list[int] = []
        there.changed.append(lambda: told.append(1))
        await store.create(lock_record(ADDRESS), LOCK)
        await forget_lock(store, Denials(store, self.clock), ADDRESS, "operator")
        before = len(told)
        await there.refresh()
        self.assertEqual((before, len(told)), (1, 2))

    async def test_an_unknown_address_leaves_no_decision(self) -> None:
        for address in ("0" * 64, "../x", ""):
            with self.assertRaises(UnknownAddress):
                await forget_lock(self.store, self.here, address, "operator")
        self.assertEqual(await self.decisions(), [])

    async def test_what_was_undone_is_removed_after_an_hour(self) -> None:
        await self.here.undone(FORGET, ADDRESS, "operator")
        self.clock.advance(3601)
        await self.there.refresh()
        self.assertEqual(await self.decisions(), [])


class SealedTests(DenialsCase):
    """The server has a key. The command may have none."""

    def setUp(self) -> None:
        super().setUp()
        self.sealed = SealedStore(self.store, (KEY,))
        self.there = Denials(self.sealed, self.clock)
        self.logged: list[str] = []
        globalLogPublisher.addObserver(self._log)
        self.addCleanup(globalLogPublisher.removeObserver, self._log)

    def _log(self, event: LogEvent) -> None:
        if event.get("log_level") is LogLevel.error:
            self.logged.append(formatEvent(event))

    async def denied(self) -> list[str]:
        return [denial.what for denial in (await self.there.current()).denials]

    async def test_a_denial_without_a_seal_does_not_count_and_the_log_names_it_once(self) -> None:
        await self.here.deny("six", "it mines coins", "operator")
        for _ in range(3):
            await self.there.refresh()
        self.assertEqual(await self.denied(), [])
        (record,) = await self.decisions()
        (line,) = self.logged
        self.assertIn(record, line)
        self.assertIn("--record-key", line)

    async def test_verify_names_a_denial_without_a_seal(self) -> None:
        await self.here.deny("six", "it mines coins", "operator")
        verdict = await Verification(self.sealed).run()
        (damage,) = verdict.damages
        self.assertEqual(([damage.name], verdict.left), (await self.decisions(), 1))
        self.assertIn("--record-key", damage.problem)
        self.assertEqual((await Verification(self.store).run()).left, 0)

    async def test_a_denial_counts_as_soon_as_verify_has_sealed_it(self) -> None:
        """A key was introduced, or replaced by another: the denials from before stay in force."""
        await self.here.deny("six", "it mines coins", "operator")
        await self.there.refresh()
        for keys in ((KEY,), (OLD_KEY, KEY), (OLD_KEY,)):
            sealed = SealedStore(self.store, keys)
            verdict = await Verification(sealed, unsealed=sealed.unsealed).run()
            self.assertEqual((verdict.left, verdict.sealed), (0, 0 if keys == (OLD_KEY,) else 1))
            server = self.there if keys == (KEY,) else Denials(sealed, self.clock)
            await server.refresh()
            self.assertEqual([denial.what for denial in (await server.current()).denials], ["six"], keys)

    async def test_of_many_that_do_not_count_each_is_read_again(self) -> None:
        """A few at each look, however many there are."""
        self.patch(module, "_AGAIN", 2)
        for number in range(7):
            await self.here.deny(f"project-{number}", "it mines coins", "operator")
        await self.there.refresh()
        for name in await self.decisions():
            await self.sealed.replace(name, await self.store.get(name) or b"")
        for looks, counting in enumerate((2, 4, 6, 7), 1):
            await self.there.refresh()
            self.assertEqual(len(await self.denied()), counting, looks)
        self.assertEqual(len(self.logged), 7)

    async def test_a_decision_that_was_removed_while_it_was_looked_for_is_not_reported(self) -> None:
        await self.sealed.create(decision_record("gone"), b"")
        there = Denials(_Late(self.sealed), self.clock)  # type: ignore[arg-type]
        await there.refresh()
        self.assertEqual(self.logged, [])


class _Late:
    """A store that still lists a record that is gone."""

    def __init__(self, store: SealedStore) -> None:
        self.names, self._store = store.names, store

    async def get(self, name: str) -> bytes | None:
        await self._store.delete(name)
        return await self._store.get(name)

    async def last_used(self, name: str) -> float | None:
        return await self._store.last_used(name)


class _WithoutDecisions(MemoryStore):
    """A store in trouble that takes no decision."""

    async def create(self, name: str, value: bytes) -> bytes:
        if name.startswith(decision_record("")):
            raise StoreTrouble("the store is read-only")
        return await super().create(name, value)


class _Watched(MemoryStore):
    """A store in which another process looks for decisions just before a lock is removed."""

    there: Denials | None = None

    async def delete(self, name: str, unused_since: float = inf) -> bool:
        if name.startswith(lock_record("")) and self.there is not None:
            await self.there.refresh()
        return await super().delete(name, unused_since)
