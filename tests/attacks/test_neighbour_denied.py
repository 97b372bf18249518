"""Others on the network who want a file that the operator denies, by every way on which it was served before."""

from __future__ import annotations

import json
import tarfile
from hashlib import sha256
from io import BytesIO

from attrs import evolve

from reqpi.core.access.logins import EVERY_LOGIN
from reqpi.core.crates.commits import CrateCommit
from reqpi.core.denials import read_denied
from reqpi.core.errors import DeniedByOperator
from reqpi.core.targets import EVERYWHERE
from reqpi.shelf.crates.crates_of_locks import CratesOfLocks
from reqpi.shelf.crates.held_crates import HeldCrates
from reqpi.shelf.crates.receipts import CrateEntries
from reqpi.shelf.files.file_parts import FileParts
from reqpi.shelf.learn_sessions import LearnSessions
from reqpi.shelf.open_index import OpenIndex
from reqpi.shelf.runs import Runs
from reqpi.shelf.shelf import Shelf
from reqpi.shelf.whole_lock.lock_services import LockServices
from reqpi.web.learning import LearnResource
from reqpi.web.routes import Root
from tests.crates_case import CratesCase
from tests.distributions import a_file, a_page
from tests.fake_upstream import build_wheel
from tests.git_crates import git_sdist
from tests.rust_sdists import GREET, WORDS
from tests.web.case import SDIST, WHEEL, WebCase
from tests.web.in_memory import InMemory
from tests.web.wire import Reply

SIX = {SDIST: b"an sdist of six", WHEEL: build_wheel("six", "1.0")}
LINKED = tuple(
    evolve(a_file(name, content, size=len(content)), url=f"https://files.example/packages/{name}")
    for name, content in SIX.items()
)
REASON = "it mines coins"


class DeniedCase(WebCase):
    """A server with a lock of six and of lib, whose files it has served before."""

    async def setUp(self) -> None:
        await super().setUp()
        self.upstream.offer(a_page(*LINKED), *SIX.values())
        lib = build_wheel("lib", "1.0")
        self.lib = "lib-1.0-py3-none-any.whl"
        self.upstream.offer(a_page(a_file(self.lib, lib, project="lib", size=len(lib)), project="lib"), lib)
        self.address = await self.committed("six==1.0 ", "lib==1.0")
        commitment = await self.shelf.commitment(self.address)
        for project, filename in (("six", SDIST), ("six", WHEEL), ("lib", self.lib)):
            await self.shelf.hold(commitment, project, filename)

    def made_root(self) -> Root:
        self.runs = Runs(self.store, self.clock, "tests")
        files = FileParts.over(self.store, self.upstream, self.clock)
        learning = OpenIndex(
            LearnSessions(self.store, self.clock), self.upstream, files, self.clock, self.shelf.denials
        )
        return Root(self.services(), self.base, self.ready_answers, runs=self.runs, learning=LearnResource(learning))

    async def deny(self, what: str) -> None:
        await self.shelf.denials.deny(read_denied(what), REASON, "operator")

    async def revoke(self, what: str) -> None:
        await self.shelf.denials.revoke(read_denied(what))

    def assert_denied(self, reply: Reply, what: object = None) -> None:
        self.assertEqual((reply.status, reply["Cache-Control"]), (410, "no-store"), what)
        if reply.body:
            problem = json.loads(reply.body)
            self.assertEqual(problem["type"], "urn:reqpi:denied", what)
            self.assertIn(REASON, problem["detail"])
            self.assertIn(REASON, reply.reason)


class DeniedFileTests(DeniedCase):
    async def test_a_denied_file_is_on_no_page(self) -> None:
        """The attacker reads the page in each format, with and without a slash, before and after the denial."""
        accepts = ("text/html", "application/vnd.pypi.simple.v1+json", "application/vnd.pypi.simple.v1+html")
        for _ in range(2):
            for accept in accepts:
                self.assertIn(WHEEL.encode(), (await self.under("/simple/six/", Accept=accept)).body)
        await self.deny(f"sha256:{LINKED[1].sha256}")
        for _ in range(2):
            for accept in accepts:
                for path in ("/simple/six/", "/simple/six", "/simple/SIX/"):
                    reply = await self.under(path, Accept=accept)
                    self.assertEqual(reply.status, 200)
                    self.assertNotIn(WHEEL.encode(), reply.body)
                    self.assertIn(SDIST.encode(), reply.body)
                    self.assertEqual(reply["Cache-Control"], "public, no-cache")

    async def test_a_denied_file_is_not_sent(self) -> None:
        """The attacker knows its URL, and asks for it as a whole, in parts, for its head, and for its metadata."""
        run = await self.runs.begin(await self.shelf.commitment(self.address))
        paths = (
            f"/{self.address}/simple/six/{WHEEL}",
            f"/{self.address}/simple/Six/{WHEEL}",
            f"/{self.address}/simple/six/{WHEEL}.metadata",
            f"/{self.address}/files/files.example/packages/{WHEEL}",
            f"/{self.address}/files/files.example/packages/{WHEEL}.metadata",
            f"/runs/{run.token}/simple/six/{WHEEL}",
            f"/runs/{run.token}/simple/six/{WHEEL}.metadata",
        )
        for path in paths:
            for _ in range(2):
                self.assertEqual((await self.ask(path)).status, 200, path)
        for what in (f"sha256:{LINKED[1].sha256}", "six", "six==1.0.0"):
            await self.deny(what)
            for path in paths:
                self.assert_denied(await self.ask(path), path)
                self.assert_denied(await self.ask(path, "HEAD"), path)
                self.assert_denied(await self.ask(path, Range="bytes=0-3"), path)
                self.assert_denied(await self.ask(path, If_None_Match=f'"{LINKED[1].sha256}"'), path)
            await self.revoke(what)
            for path in paths:
                self.assertEqual((await self.ask(path)).status, 200, path)

    async def test_a_denied_project_has_no_page(self) -> None:
        """The attacker asks for the page of a project that is denied as a whole; the reason is in the answer."""
        run = await self.runs.begin(await self.shelf.commitment(self.address))
        await self.deny("Six")
        for path in (f"/{self.address}/simple/six/", f"/runs/{run.token}/simple/six/"):
            for _ in range(2):
                self.assert_denied(await self.ask(path), path)
        self.assertEqual((await self.under("/simple/lib/")).status, 200)
        refused = json.loads((await self.under("/refused")).body)["refused"]
        self.assertIn(("six", f"denied: {REASON}"), {(each["project"], each["reason"]) for each in refused})
        receipt = json.loads((await self.ask(f"/runs/{run.token}/receipt")).body)
        self.assertIn("six", json.dumps(receipt["refused"]))

    async def test_the_fast_path_forgets_what_was_ready(self) -> None:
        """The attacker keeps a connection open on which the server has answered without looking at anything."""
        wire = await self.wire()
        paths = [f"/{self.address}/simple/six/{name}" for name in (WHEEL, f"{WHEEL}.metadata", SDIST)]
        for path in [path for path in paths for _ in range(3)]:
            wire.say(self.request(path))
            self.assertEqual((await wire.reply()).status, 200)
        await self.deny("six==1.0")
        for path in paths:
            wire.say(self.request(path))
            self.assert_denied(await wire.reply(), path)
        await self.revoke("six==1.0")
        for path in paths:
            wire.say(self.request(path))
            self.assertEqual((await wire.reply()).status, 200)

    async def test_a_request_under_way_keeps_nothing_ready(self) -> None:
        """The attacker holds a commitment from before the denial, and has a page rendered with it afterwards."""
        before = await self.shelf.commitment(self.address)
        page = await self.shelf.page(before, "six")
        self.assertEqual(len(page.files), 2)
        await self.deny(f"sha256:{LINKED[1].sha256}")
        self.assertIsNone(self.shelf.lease(before))
        self.assertEqual(len((await self.shelf.page(await self.shelf.commitment(self.address), "six")).files), 1)
        with self.assertRaises(DeniedByOperator):
            await self.shelf.file(before, "six", WHEEL)
        with self.assertRaises(DeniedByOperator):
            await self.shelf.hold(before, "six", WHEEL)

    async def test_the_same_bytes_under_another_address_are_denied(self) -> None:
        """The attacker commits another lock that pins the same file by its digest."""
        await self.deny(f"sha256:{LINKED[1].sha256}")
        self.address = await self.committed(f"six==1.0 --hash=sha256:{LINKED[1].sha256}")
        self.assert_denied(await self.under(f"/simple/six/{WHEEL}"))
        self.assert_denied(await self.under("/simple/six/"))

    async def test_the_open_index_has_no_denied_file(self) -> None:
        """The attacker needs no lock to read the open index."""
        token = json.loads((await self.ask("/learn", "POST", b"")).body)["index"].rsplit("/", 3)[1]
        paths = [f"/learn/{token}/simple/six/{name}" for name in (WHEEL, f"{WHEEL}.metadata", SDIST, "")]
        for path in paths:
            self.assertEqual((await self.ask(path)).status, 200, path)
        await self.deny(f"sha256:{LINKED[1].sha256}")
        page = await self.ask(paths[3])
        self.assertNotIn(WHEEL.encode(), page.body)
        self.assertIn(SDIST.encode(), page.body)
        await self.deny("six")
        for path in paths:
            self.assert_denied(await self.ask(path), path)


class DeniedExportTests(DeniedCase):
    EXPORTS = ("/requirements.txt?index=none", "/pylock.toml", "/files.json", "/sbom.cdx.json", "/wheelhouse.tar")

    async def test_exports_have_no_denied_file(self) -> None:
        """The attacker takes the digest and the URL from an export, which the server has made before."""
        for path in self.EXPORTS:
            self.assertEqual((await self.under(path)).status, 200, path)
        await self.deny(f"sha256:{LINKED[1].sha256}")
        for path in self.EXPORTS:
            reply = await self.under(path)
            self.assertEqual(reply.status, 200, path)
            self.assertNotIn("immutable", str(reply["Cache-Control"]), path)
            self.assertNotIn(str(LINKED[1].sha256).encode(), reply.body, path)
            self.assertIn(b"lib==" if "requirements" in path else self.lib.encode(), reply.body, path)
        with tarfile.open(fileobj=BytesIO((await self.under("/wheelhouse.tar")).body)) as archive:
            self.assertNotIn(WHEEL, str(archive.getnames()))
        await self.revoke(f"sha256:{LINKED[1].sha256}")
        for path in self.EXPORTS:
            reply = await self.under(path)
            self.assertNotEqual(reply["Cache-Control"], "public, no-cache", path)
        self.assertIn(str(LINKED[1].sha256).encode(), (await self.under("/requirements.txt")).body)

    async def test_an_export_without_a_denied_release_would_be_another_lock(self) -> None:
        """The attacker wants a client to install a lock without the pin that is denied."""
        await self.deny("six")
        for path in (*self.EXPORTS, "/build-requirements", "/closed"):
            self.assert_denied(await self.under(path), path)

    async def test_a_hold_does_not_fetch_what_is_denied(self) -> None:
        """The attacker has the server hold a lock, so that the file is there once the denial is revoked."""
        self.upstream.offer(a_page(a_file("new-1.0.zip", b"new", project="new", size=3), project="new"), b"new")
        self.address = await self.committed("six==1.0", "lib==1.0", "new==1.0")
        await self.shelf.freeze(await self.shelf.commitment(self.address), a_page(project="new").project)
        await self.deny("new")
        self.assertEqual((await self.ask("/locks?hold=1", "POST", b"six==1.0\nlib==1.0\nnew==1.0\n")).status, 200)
        held = json.loads((await self.under("/held")).body)
        while held["holding"] is not None:
            await self.turn()
            held = json.loads((await self.under("/held")).body)
        self.assertFalse(held["complete"])
        self.assertEqual(
            [(each["project"], each["reason"]) for each in held["missing"]], [("new", f"denied: {REASON}")]
        )
        self.assertEqual(held["remarks"], [f"new-1.0.zip is denied: {REASON}"])
        self.assertIsNone(await self.store.size(str(a_file("new-1.0.zip", b"new", project="new").sha256)))


class OtherReplicaTests(DeniedCase):
    def replica(self) -> Shelf:
        return Shelf(self.store, self.upstream, self.clock, "another")

    async def test_a_denial_is_learned_from_the_store(self) -> None:
        """The attacker asks another replica, which has the page and the file in memory."""
        other = self.replica()
        commitment = await other.commitment(self.address)
        await other.page(commitment, "six")
        dropped: list[bool] = []
        other.denials.changed.append(lambda: dropped.append(True))
        await self.deny("six")
        await other.denials.refresh()
        self.assertEqual(dropped, [True])
        for asked in (commitment, await other.commitment(self.address)):
            with self.assertRaises(DeniedByOperator):
                await other.file(asked, "six", WHEEL)
        await other.denials.refresh()
        self.assertEqual(dropped, [True])
        await self.revoke("six")
        await other.denials.refresh()
        self.assertEqual(dropped, [True, True])
        await other.file(await other.commitment(self.address), "six", WHEEL)

    async def test_a_replica_that_was_just_started_knows_what_is_denied(self) -> None:
        """The attacker asks before the first look at the deny list."""
        await self.deny("six")
        other = self.replica()
        with self.assertRaises(DeniedByOperator):
            await other.file(await other.commitment(self.address), "six", WHEEL)
        services = LockServices.over(self.replica(), self.store, self.clock)
        with self.assertRaises(DeniedByOperator):
            await services.shelf.pages(await services.shelf.commitment(self.address))


class DeniedCrateTests(CratesCase):
    async def test_a_denied_crate_is_neither_listed_nor_sent(self) -> None:
        """The attacker asks for a crate by its name and its digest, which cargo has had from here before."""
        index, file = "crates/ma/de/made-words", f"crates/dl/made-words/{WORDS.version}/{WORDS.sha256}.crate"
        for path in (index, file):
            self.assertEqual((await self.ask(path)).status, 200, path)
        for what in (f"sha256:{WORDS.sha256}", "crate:made_words", f"crate:made-words=={WORDS.version}"):
            await self.shelf.denials.deny(read_denied(what), REASON, "operator")
            for path, status in ((index, 403), (file, 410)):
                reply = await self.ask(path)
                self.assertEqual(reply.status, status, (what, path))
                self.assertIn(REASON, json.loads(reply.body)["detail"])
            other = f"crates/dl/made_greet/{GREET.version}/{GREET.sha256}.crate"
            self.assertEqual((await self.ask(other)).status, 200)
            await self.shelf.denials.revoke(read_denied(what))
            for path in (index, file):
                self.assertEqual((await self.ask(path)).status, 200, path)


class DeniedCommitTests(CratesCase):
    """The lock takes two crates from one commit of a git repository, whose archive has both."""

    URL, ID = "https://git.example.org/greetings.git", "7" * 40
    COMMIT = CrateCommit(URL, ID)
    ARCHIVE = b"the archive"
    SHA256 = sha256(ARCHIVE).hexdigest()
    WHAT = (f"sha256:{SHA256}", "crate:made-greet", "crate:made_greet==0.4.0", "crate:loud")
    sdist = git_sdist(URL, ID)

    async def setUp(self) -> None:
        await super().setUp()
        self.registries.commits[self.COMMIT] = self.ARCHIVE

    async def deny(self, what: str) -> None:
        await self.shelf.denials.deny(read_denied(what), REASON, "operator")

    def assert_denied(self, reply: Reply, what: object = None) -> None:
        self.assertEqual(reply.status, 410, what)
        if reply.body:
            problem = json.loads(reply.body)
            self.assertEqual(problem["type"], "urn:reqpi:denied", what)
            self.assertIn(REASON, problem["detail"], what)

    async def test_the_archive_of_a_denied_crate_is_not_sent(self) -> None:
        """The attacker asks for the archive that has the crate, and for its digest, in a run and outside of one."""
        run = await self.runs.begin(await self.shelf.commitment(self.address))
        below = f"crates/git/{self.COMMIT.key}/{self.ID}"
        paths = [f"/{top}/{below}.{end}" for top in (self.address, f"runs/{run.token}") for end in ("json", "tar.gz")]
        for path in paths:
            self.assertEqual((await InMemory(self.site).ask(path)).status, 200, path)
        for what in self.WHAT:
            await self.deny(what)
            for path in paths:
                self.assert_denied(await InMemory(self.site).ask(path), (what, path))
                self.assert_denied(await InMemory(self.site).ask(path, "HEAD"), (what, path))
                self.assert_denied(await InMemory(self.site).ask(path, Range="bytes=0-3"), (what, path))
            await self.shelf.denials.revoke(read_denied(what))
            for path in paths:
                self.assertEqual((await InMemory(self.site).ask(path)).status, 200, path)

    async def test_an_archive_is_not_fetched_for_a_denied_crate(self) -> None:
        """The attacker is the first to ask, so that the server asks the repository."""
        await self.deny("crate:loud")
        self.assert_denied(await self.ask(f"crates/git/{self.COMMIT.key}/{self.ID}.tar.gz"))
        self.assertEqual(self.registries.asked, [])
        self.assertIn(f"denied: {REASON}", (await self.ask("refused")).body.decode())

    async def test_bytes_that_are_denied_are_not_sent_to_the_first_who_asks(self) -> None:
        """The attacker is the first to ask: what the archive is becomes known only when it is there."""
        await self.deny(f"sha256:{self.SHA256}")
        for ending in ("tar.gz", "json"):
            self.assert_denied(await self.ask(f"crates/git/{self.COMMIT.key}/{self.ID}.{ending}"), ending)

    async def test_a_denial_during_the_download_counts(self) -> None:
        """The attacker asks just before the operator denies the crate."""

        async def deny() -> None:
            await self.deny("crate:loud")

        self.registries.before[self.COMMIT.filename] = deny
        self.assert_denied(await self.ask(f"crates/git/{self.COMMIT.key}/{self.ID}.tar.gz"))

    async def test_holds_and_receipts_have_no_denied_archive(self) -> None:
        """The attacker has the server hold the lock, asks what is held, and asks for a receipt."""
        commitment = await self.shelf.commitment(self.address)
        await self.shelf.hold(commitment, "shout", self.sdist.filename)
        crates = CratesOfLocks(self.shelf, self.store, self.registries, self.clock)
        further, entries = HeldCrates(self.shelf, self.store, crates), CrateEntries(self.shelf, crates, self.address)
        needs = await further.needed(commitment, await self.shelf.pages(commitment), EVERYWHERE)
        (archive,) = [file for file in needs.files if file.filename == self.COMMIT.filename]
        await further.hold(commitment, archive, EVERY_LOGIN)
        self.assertEqual(await further.held(commitment, archive), len(self.ARCHIVE))
        for what in self.WHAT:
            await self.deny(what)
            self.assertIsNone(await further.held(commitment, archive), what)
            with self.assertRaises(DeniedByOperator, msg=what):
                await further.hold(commitment, archive, EVERY_LOGIN)
            with self.assertRaises(DeniedByOperator, msg=what):
                await entries("", self.COMMIT.key, self.ID)
            await self.shelf.denials.revoke(read_denied(what))
            self.assertEqual(await further.held(commitment, archive), len(self.ARCHIVE))
            self.assertEqual((await entries("", self.COMMIT.key, self.ID)).sha256, self.SHA256)
