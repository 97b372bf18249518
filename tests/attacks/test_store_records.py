"""Someone who can write to the store puts junk into records: each is named, and none becomes a traceback."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import ClassVar

from reqpi.core.interfaces import Store
from reqpi.shelf.records import KINDS, Kind
from reqpi.storage.directory.store import DirectoryStore
from tests.attacks.records_case import JUNK, READERS, Found, RecordsCase, changed
from tests.storage.scratch import scratch

PROTECTED = frozenset({"locks", "documents"})
"""Kinds whose records have the digest of their content as their name."""

MOST = 4
"""URLs that are asked for each change of a record."""

KEPT = frozenset({*PROTECTED, "frozen", "decisions"})
"""Kinds that cannot be made again, so that a repair leaves them."""


class JunkTests(RecordsCase):
    """Each kind of junk in each kind of record, and every URL that reads it."""

    junk: ClassVar[Mapping[str, bytes]] = JUNK

    async def _attack(self, kind: Kind) -> None:
        record = await self.of(kind)
        for what, junk in self.junk.items():
            await self.store.replace(record.name, junk)
            for path in READERS[kind.folder]:
                await self._asked(kind, record, path, f"{kind.folder} with {what}: {path}")
            await self._looked_at(kind, record, f"{kind.folder} with {what}")
            await self.store.replace(record.name, record.value)
        for path in READERS[kind.folder]:
            await self.answered(path)

    async def _asked(self, kind: Kind, record: Found, path: str, what: str) -> None:
        self.logged.clear()
        reply = await self.ask(path)
        self.assert_no_traceback(what)
        self.assertEqual(reply.status, 503, what)
        self.assertEqual(json.loads(reply.body)["type"], "urn:reqpi:store-trouble", what)
        self.assertIn(self.shown(record.name), "\n".join(self.logged), what)

    def shown(self, name: str) -> str:
        """The name as the log shows it: of a token, only the beginning."""
        for token in (self.names["token"], self.names["run"]):
            name = name.replace(token, f"{token[:6]}...")
        return name

    async def _looked_at(self, kind: Kind, record: Found, what: str) -> None:
        """``verify`` names the record, and ``--repair`` removes it if it can be made again."""
        shown = self.shown(record.name)
        if kind.folder in KEPT:
            named = {name for name, repaired in (await self.verified(repair=True)).items() if not repaired}
            self.assertTrue(any(name in shown for name in named), (what, named))
            self.assertIsNotNone(await self.store.get(record.name))
            return
        self.assertEqual(await self.verified(), {shown: False}, what)
        self.assertEqual(await self.verified(repair=True), {shown: True}, what)
        self.assertIsNone(await self.store.get(record.name), what)
        self.assertEqual(await self.verified(), {}, what)
        self.assert_no_traceback(what)

    async def test_junk_in_a_lock(self) -> None:
        await self._attack(_kind("locks"))

    async def test_junk_in_one_of_several_documents(self) -> None:
        await self._attack(_kind("documents"))

    async def test_junk_in_a_frozen_list(self) -> None:
        await self._attack(_kind("frozen"))

    async def test_junk_in_the_refusals_of_a_process(self) -> None:
        await self._attack(_kind("refused"))

    async def test_junk_in_place_of_the_digest_of_core_metadata(self) -> None:
        await self._attack(_kind("metadata"))

    async def test_junk_in_place_of_the_digest_of_claimed_metadata(self) -> None:
        await self._attack(_kind("told"))

    async def test_junk_in_a_build_system(self) -> None:
        await self._attack(_kind("build-systems"))

    async def test_junk_in_a_claimed_build_system(self) -> None:
        await self._attack(_kind("told-build-systems"))

    async def test_junk_in_the_progress_of_a_hold(self) -> None:
        await self._attack(_kind("holding"))

    async def test_junk_in_the_record_of_an_sbom(self) -> None:
        await self._attack(_kind("bills"))

    async def test_junk_in_place_of_the_digest_of_a_provenance_object(self) -> None:
        await self._attack(_kind("provenance"))

    async def test_junk_in_a_session_of_the_open_index(self) -> None:
        await self._attack(_kind("learning"))

    async def test_junk_in_a_file_of_a_session(self) -> None:
        await self._attack(_kind("learned"))

    async def test_junk_in_a_run(self) -> None:
        await self._attack(_kind("runs"))

    async def test_junk_in_an_entry_of_a_run(self) -> None:
        await self._attack(_kind("run-entries"))

    async def test_junk_in_the_counts_of_a_run(self) -> None:
        await self._attack(_kind("run-counts"))

    async def test_junk_in_the_advice_to_a_lock_stops_no_commit(self) -> None:
        """The record only adds notes, so the commit succeeds, and the log names the record."""
        record = await self.of(_kind("lacking"))
        for what, junk in self.junk.items():
            await self.store.replace(record.name, junk)
            self.logged.clear()
            await self.answered("/locks", "POST", (await self._document()))
            self.assertIn(record.name, "\n".join(self.logged), what)
            await self._looked_at(_kind("lacking"), record, what)

    async def test_junk_in_a_decision_stops_no_request_and_no_other_denial(self) -> None:
        """It denies nothing any more, and the log names the record."""
        record = await self.of(_kind("decisions"))
        await self.shelf.denials.deny("lib", "it mines coins", "operator")
        for what, junk in self.junk.items():
            await self.store.replace(record.name, junk)
            self.logged.clear()
            self.assertEqual((await self.ask("/{address}/simple/lib/")).status, 410, what)
            await self.answered("/{address}/simple/built/")
            self.assertIn(record.name, "\n".join(self.logged), what)
            await self._looked_at(_kind("decisions"), record, what)

    async def test_junk_in_the_record_of_who_has_frozen_a_page(self) -> None:
        await self._attack(_kind("freezings"))

    async def test_junk_in_the_record_of_who_has_committed_a_lock(self) -> None:
        await self._attack(_kind("commits"))

    async def test_junk_in_a_history_begins_it_anew(self) -> None:
        """The report needs it for the time of the first observation only, so it is made with a new one."""
        record = await self.of(_kind("histories"))
        for what, junk in self.junk.items():
            await self.store.replace(record.name, junk)
            self.logged.clear()
            self.assertEqual((await self.ask("/{address}/drift")).status, 200, what)
            self.assertIn(record.name, "\n".join(self.logged), what)
            self.assertEqual(await self.verified(), {}, what)
            await self.store.replace(record.name, junk)
            await self._looked_at(_kind("histories"), record, what)

    async def test_junk_in_the_outcome_of_a_look_for_drift(self) -> None:
        record = await self.of(_kind("drift"))
        for what, junk in self.junk.items():
            await self.store.replace(record.name, junk)
            await self._looked_at(_kind("drift"), record, what)

    async def test_junk_in_what_a_survey_found(self) -> None:
        record = await self.of(_kind("surveys"))
        for what, junk in self.junk.items():
            await self.store.replace(record.name, junk)
            await self._looked_at(_kind("surveys"), record, what)

    async def _document(self) -> bytes:
        return await self.store.get(f"locks/{self.names['address']}") or b""

    async def test_the_repaired_server_answers_again(self) -> None:
        """All records that can be made again are junk at once; after one repair every URL works."""
        rebuilt = [kind for kind in KINDS if kind.folder not in {*KEPT, "learning", "runs"}]
        for kind in rebuilt:
            await self.store.replace((await self.of(kind)).name, b"junk")
        self.assertEqual(set((await self.verified(repair=True)).values()), {True})
        for kind in rebuilt:
            for path in READERS[kind.folder]:
                await self.answered(path)


class JunkOnDiskTests(JunkTests):
    """The same over a directory."""

    junk: ClassVar[Mapping[str, bytes]] = {what: JUNK[what] for what in ("nothing", "bytes", "deep lists")}

    def made_store(self) -> Store:
        return DirectoryStore(scratch(self))


class ChangedTests(RecordsCase):
    """Records that are JSON of nearly the right shape: each value is replaced by values of other kinds."""

    async def _attack(self, folder: str) -> None:
        record = await self.of(_kind(folder))
        for what, junk in changed(record.value):
            await self.store.replace(record.name, junk)
            for path in READERS[folder][:MOST]:
                reply = await self.ask(path)
                self.assert_no_traceback((path, what))
                self.assertIn(reply.status, (200, 410, 503), (path, what))
            await self.verified()
            self.assert_no_traceback(what)

    async def test_changed_frozen_lists(self) -> None:
        await self._attack("frozen")

    async def test_changed_refusals(self) -> None:
        await self._attack("refused")

    async def test_changed_build_systems(self) -> None:
        await self._attack("build-systems")

    async def test_changed_claimed_build_systems(self) -> None:
        await self._attack("told-build-systems")

    async def test_changed_progress_of_a_hold(self) -> None:
        await self._attack("holding")

    async def test_changed_records_of_sboms(self) -> None:
        await self._attack("bills")

    async def test_changed_sessions(self) -> None:
        await self._attack("learning")

    async def test_changed_files_of_sessions(self) -> None:
        await self._attack("learned")

    async def test_changed_decisions(self) -> None:
        await self._attack("decisions")

    async def test_changed_records_of_who_has_frozen_a_page(self) -> None:
        await self._attack("freezings")

    async def test_changed_records_of_who_has_committed_a_lock(self) -> None:
        await self._attack("commits")

    async def test_changed_histories(self) -> None:
        await self._attack("histories")

    async def test_changed_runs(self) -> None:
        await self._attack("runs")

    async def test_changed_entries_of_runs(self) -> None:
        await self._attack("run-entries")

    async def test_changed_counts_of_runs(self) -> None:
        await self._attack("run-counts")


def _kind(folder: str) -> Kind:
    return next(kind for kind in KINDS if kind.folder == folder)
