"""The archives of commits from which crates are taken, below an address."""

from __future__ import annotations

import json
from hashlib import sha256

from reqpi.core.access.logins import EVERY_LOGIN
from reqpi.core.crates.commits import CrateCommit
from reqpi.core.errors import UpstreamTrouble
from reqpi.core.report import Document
from reqpi.core.targets import EVERYWHERE
from reqpi.shelf.crates.crates_of_locks import CratesOfLocks
from reqpi.shelf.crates.held_crates import HeldCrates
from reqpi.shelf.crates.receipts import CrateEntries
from reqpi.shelf.maintenance.sweep import Sweep
from reqpi.shelf.records import crate_commit_record
from tests.crates_case import CratesCase
from tests.git_crates import git_lock, git_sdist

URL, ID = "https://git.example.org/greetings.git", "7" * 40
COMMIT = CrateCommit(URL, ID)
ARCHIVE = b"the archive"


class CommitsCase(CratesCase):
    """The sdist of the lock takes crates from a commit."""

    sdist = git_sdist(URL, ID)

    async def setUp(self) -> None:
        await super().setUp()
        self.registries.commits[COMMIT] = ARCHIVE

    def path(self, commit: CrateCommit = COMMIT, ending: str = "tar.gz") -> str:
        return f"crates/git/{commit.key}/{commit.id}.{ending}"


class CommitTests(CommitsCase):
    """What a client gets."""

    async def test_the_archive_and_its_digest(self) -> None:
        reply = await self.ask(self.path(ending="json"))
        said = {"filename": COMMIT.filename, "sha256": sha256(ARCHIVE).hexdigest(), "size": len(ARCHIVE)}
        self.assertEqual((reply.status, json.loads(reply.body)), (200, said))
        reply = await self.ask(self.path())
        self.assertEqual((reply.status, reply.body), (200, ARCHIVE))
        self.assertEqual(self.registries.asked, [COMMIT.filename])

    async def test_a_commit_of_a_committed_cargo_lock(self) -> None:
        commitment, _ = await self.shelf.commit_together(
            [Document("requirements.txt", b"shout==1.0\n"), Document("Cargo.lock", git_lock(URL, ID).encode())]
        )
        self.address = commitment.address
        self.assertEqual((await self.ask(self.path())).body, ARCHIVE)

    async def test_what_no_cargo_lock_names_is_refused_and_not_asked_for(self) -> None:
        """Another commit of the repository, and the same commit of another one."""
        for commit in (CrateCommit(URL, "8" * 40), CrateCommit("https://evil.example.org/greetings.git", ID)):
            self.registries.commits[commit] = b"other"
            for ending in ("json", "tar.gz"):
                reply = await self.ask(self.path(commit, ending))
                self.assertEqual(reply.status, 410)
                self.assertIn(f"commit {commit.id[:12]} is not admitted", reply.body.decode())
        self.assertEqual(self.registries.asked, [])
        reply = await self.ask("refused")
        self.assertIn(b"no Cargo.lock admits this crate", reply.body)

    async def test_other_paths_are_none(self) -> None:
        for path in ("crates/git/x/y.json", f"{self.path()}/x", self.path(ending="zip")):
            self.assertEqual((await self.ask(path)).status, 404, path)

    async def test_the_host_is_one_that_the_operator_does_not_allow(self) -> None:
        async def denied() -> None:
            raise UpstreamTrouble("git.example.org is not allowed", "Add --allow-host git.example.org.", final=True)

        self.registries.before[COMMIT.filename] = denied
        reply = await self.ask(self.path(ending="json"))
        self.assertGreaterEqual(reply.status, 400)
        self.assertIn("--allow-host", reply.body.decode())


class FrozenCommitTests(CommitsCase):
    """A malicious host of the repository: it sends something else under the same commit, later."""

    async def test_the_host_sends_other_bytes_to_a_server_that_has_lost_the_archive(self) -> None:
        self.assertEqual((await self.ask(self.path())).status, 200)
        await self.store.repair(sha256(ARCHIVE).hexdigest())
        self.registries.commits[COMMIT] = b"evil"
        self.restart()
        reply = await self.ask(self.path())
        self.assertNotEqual((reply.status, reply.body), (200, b"evil"))
        self.assertIsNone(await self.store.size(sha256(b"evil").hexdigest()))
        self.registries.commits[COMMIT] = ARCHIVE
        self.clock.advance(10)
        self.restart()
        self.assertEqual((await self.ask(self.path())).body, ARCHIVE)

    async def test_a_record_of_another_commit(self) -> None:
        """Someone who can write to the store puts the record of one commit in the place of another's."""
        await self.ask(self.path())
        record = crate_commit_record(self.address, URL, ID)
        written = await self.store.get(record)
        assert written is not None
        await self.store.replace(record, written.replace(ID.encode(), b"8" * 40))
        self.restart()
        self.assertGreaterEqual((await self.ask(self.path())).status, 500)


class KeptCommitTests(CommitsCase):
    """Holds and sweeps."""

    async def test_a_sweep_keeps_the_archive_as_long_as_its_address(self) -> None:
        await self.ask(self.path())
        for days, there in ((2, True), (40, False)):
            self.clock.advance(days * 86400)
            await Sweep(self.store, self.clock, 30 * 86400).run()
            self.assertEqual(await self.store.size(sha256(ARCHIVE).hexdigest()) is not None, there)
        self.assertEqual([name async for name in self.store.names(crate_commit_record(self.address))], [])

    async def test_a_hold_covers_it(self) -> None:
        commitment = await self.shelf.commitment(self.address)
        await self.shelf.hold(commitment, "shout", self.sdist.filename)
        crates = CratesOfLocks(self.shelf, self.store, self.registries, self.clock)
        further = HeldCrates(self.shelf, self.store, crates)
        pages = await self.shelf.pages(commitment)
        needs = await further.needed(commitment, pages, EVERYWHERE)
        (archive,) = [file for file in needs.files if file.filename == COMMIT.filename]
        self.assertIsNone(await further.held(commitment, archive))
        self.assertEqual(await further.hold(commitment, archive, EVERY_LOGIN), len(ARCHIVE))
        self.assertEqual(await further.held(commitment, archive), len(ARCHIVE))


class ReceiptTests(CommitsCase):
    """Receipts name the archive."""

    async def test_the_entry_of_an_archive(self) -> None:
        crates = CratesOfLocks(self.shelf, self.store, self.registries, self.clock)
        entry = await CrateEntries(self.shelf, crates, self.address)("", COMMIT.key, COMMIT.id)
        self.assertEqual((entry.filename, entry.sha256), (COMMIT.filename, sha256(ARCHIVE).hexdigest()))
        self.assertEqual((entry.url, entry.size), (f"git+{URL}@{ID}", len(ARCHIVE)))
        self.assertEqual(entry.purl, f"pkg:generic/greetings@{ID}?vcs_url=git%2B{URL}%40{ID}")
