"""Others on the network, with a token that cannot commit or is limited, against a registry of crates with a login."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from attrs import evolve
from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater

from reqpi.core.access.tokens import Token, Tokens
from reqpi.core.address import address_of, listing_of
from reqpi.core.crates.cargo_config import registry_key
from reqpi.core.crates.commits import CrateCommit
from reqpi.core.report import Document
from reqpi.upstream.allowed.policy import Policy
from reqpi.upstream.allowed.urls import index_key
from reqpi.web.http.access import Access
from reqpi.web.http.token_access import TokenAccess
from tests.attacks.tokens_case import SCOPES, basic, text_of, token
from tests.crates_registry import build_crate, index_path
from tests.git_crates import git_lock, git_sdist
from tests.rust_sdists import GREET, WORDS, cargo_lock
from tests.web.in_memory import InMemory
from tests.web.test_crates_runs import CrateRunsCase
from tests.web.test_together import form
from tests.web.wire import Reply

DEFAULT = "https://default.example/simple/"
KEY = index_key(DEFAULT)
LIMITED = evolve(token("committer"), projects=frozenset({"shout"}))
CORP = "sparse+https://crates.corp.example/index/"
COMMIT = CrateCommit("https://git.corp.example/greetings.git", "7" * 40)


class CrateLoginsCase(CrateRunsCase):
    """Readers need no token; a committer may have everything looked up."""

    def access(self) -> Access:
        return TokenAccess(Tokens(map(token, SCOPES)), "read", self.clock.seconds)

    async def begun(self, address: str, **headers: str) -> str:
        return await super().begun(address, Authorization=basic(text_of("committer")), **headers)

    async def as_committer(self, path: str) -> Reply:
        return await self.ask(path, Authorization=basic(text_of("committer")))

    def file_path(self) -> str:
        return f"crates/dl/{WORDS.name}/{WORDS.version}/{WORDS.sha256}.crate"


class RegistryLoginTests(CrateLoginsCase):
    """The registry has a login, and the index of Python has none."""

    async def setUp(self) -> None:
        await super().setUp()
        self.registries.with_login.add("")

    async def test_no_reader_has_the_registry_asked(self) -> None:
        """The attacker knows an address, or a run; a token for some projects is no better."""
        self.site.resource._access.tokens = Tokens([LIMITED, token("reader")])  # type: ignore[attr-defined]
        for login in ("", basic(text_of("reader")), basic(text_of("committer"))):
            for path in (f"crates/{index_path(WORDS.name)}", self.file_path()):
                headers = {"Authorization": login} if login else {}
                for where in (f"/{self.address}", self.run_path):
                    reply = await InMemory(self.site).ask(f"{where}/{path}", **headers)
                    self.assertEqual(reply.status, 503, (login, path, reply.body))
                    self.assertIn(b"not frozen yet", reply.body)
        self.assertEqual(self.registries.asked, [])

    async def test_what_a_committer_has_frozen_is_for_readers(self) -> None:
        """Then the crate is fetched for them too; another crate of the lock is still closed."""
        self.assertEqual((await self.as_committer(f"crates/{index_path(WORDS.name)}")).status, 200)
        self.assertEqual((await self.index_of(WORDS.name)).body, WORDS.line + b"\n")
        self.assertEqual((await self.take(WORDS)).body, WORDS.content)
        self.assertEqual((await self.index_of(GREET.name)).status, 503)
        self.assertEqual((await self.take(GREET)).status, 503)

    async def test_a_release_that_is_not_frozen_hides_no_other_one(self) -> None:
        """One lock has two releases of a crate, of which a committer has had one looked up."""
        newer = build_crate(WORDS.name, "1.4.0")
        self.registries.add(newer)
        self.address = await self.committed_together("shout==1.0\n", cargo_lock("bare", "1.0.0", (WORDS, newer)))
        self.assertEqual((await self.index_of(WORDS.name)).status, 503)
        self.assertEqual((await self.as_committer(self.file_path())).status, 200)
        self.registries.asked.clear()
        reply = await self.index_of(WORDS.name)
        self.assertEqual((reply.status, reply.body), (200, WORDS.line + b"\n"))
        self.assertEqual((await self.take(newer)).status, 503)
        self.assertEqual(self.registries.asked, [])
        both = (await self.as_committer(f"crates/{index_path(WORDS.name)}")).body
        self.assertEqual((await self.index_of(WORDS.name)).body, both)
        self.assertEqual(both, WORDS.line + b"\n" + newer.line + b"\n")

    async def test_a_crate_that_no_lock_names_looks_as_it_always_does(self) -> None:
        """The attacker guesses names."""
        self.assertEqual((await self.index_of("serde")).status, 403)
        self.assertEqual(self.registries.asked, [])


class IndexLoginTests(CrateLoginsCase):
    """The index of Python has a login, and its pages are not frozen; the attacker asks for crates."""

    def restart(self, source: object = None) -> None:
        self.upstream.policy = Policy(
            {KEY: DEFAULT}, urls={KEY: DEFAULT}, with_login=frozenset({KEY}), names={KEY: "default"}
        )
        super().restart(source)

    async def test_no_request_for_crates_has_the_upstream_asked(self) -> None:
        """Nor one for the configuration of cargo, which names the registries of all sdists."""
        self.upstream.asked.clear()
        for path in ("crates/config.json", f"crates/{index_path(WORDS.name)}", self.file_path(), "cargo/config.toml"):
            for where in (f"/{self.address}", self.run_path):
                reply = await InMemory(self.site).ask(f"{where}/{path}")
                self.assertIn(reply.status, (200, 503), (path, reply.body))
        self.assertEqual(self.upstream.asked, [])
        self.assertEqual((await self.as_committer("cargo/config.toml")).status, 200)
        self.assertEqual((await self.ask("cargo/config.toml")).status, 200)

    async def test_a_reader_joins_no_lookup_of_a_committer(self) -> None:
        """The attacker asks for a crate while the pages of the lock are looked up for a client that may commit it."""
        self.upstream.asked.clear()
        gate: Deferred[None] = Deferred()
        self.upstream.before["shout"] = lambda: gate
        committer = Deferred.fromCoroutine(self.as_committer(f"crates/{index_path(WORDS.name)}"))
        while "shout" not in self.upstream.asked:
            await deferLater(reactor, 0)  # type: ignore[arg-type]
        for path in (f"crates/{index_path(WORDS.name)}", self.file_path()):
            for login in ({}, {"Authorization": basic(text_of("reader"))}):
                reply = await InMemory(self.site).ask(f"/{self.address}/{path}", **login)
                self.assertEqual(reply.status, 503)
                self.assertIn(b"not frozen yet", reply.body)
        self.assertEqual((self.upstream.asked, committer.called), (["shout"], False))
        gate.callback(None)
        self.assertEqual((await committer).status, 200)

    async def test_a_request_of_a_reader_spoils_none_of_a_committer(self) -> None:
        """The attacker asks first: what it is not told is remembered for no one."""
        for path in (f"crates/{index_path(WORDS.name)}", self.file_path()):
            self.assertEqual((await InMemory(self.site).ask(f"/{self.address}/{path}")).status, 503)
        for path in (f"crates/{index_path(WORDS.name)}", self.file_path()):
            self.assertEqual((await self.as_committer(path)).status, 200)


def limited(*upstreams: str, **limits: frozenset[str]) -> Token:
    """A token that may commit and hold, from some upstreams."""
    return evolve(token("holder"), upstreams=frozenset(upstreams) or None, **limits)


class LimitedHoldsCase(CrateLoginsCase):
    """The registries and the repository have logins; holds wait for threads, so time passes by itself."""

    def made_clock(self) -> Any:
        return reactor

    def pass_time(self) -> None:
        """Time passes by itself."""

    async def setUp(self) -> None:
        await super().setUp()
        self.registries.add(*self.crates, registry=CORP)
        self.registries.names[CORP] = "crates:corp"
        self.registries.commits[COMMIT] = b"the archive"
        self.registries.with_login |= {"", CORP, COMMIT.file.url}

    def let(self, *tokens: Token) -> None:
        """Let the server have these tokens, and that of a committer without limits."""
        self.site.resource._access.tokens = Tokens([*tokens, token("committer")])  # type: ignore[attr-defined]

    async def commit(self, documents: Mapping[str, str]) -> Reply:
        """Commit documents with the limited token."""
        headers = {"Content-Type": "multipart/form-data; boundary=x", "Authorization": basic(text_of("holder"))}
        body = form(*(Document(path, text.encode()) for path, text in documents.items()))
        return await InMemory(self.site).ask("/locks", "POST", body, **headers)

    async def held(self, *, of: str = "", login: str = "holder") -> dict[str, Any]:
        """Have the lock held with a token, and return the verdict."""
        lock = (await InMemory(self.site).ask(f"/{of or self.address}/lock")).body
        headers = {"Authorization": basic(text_of(login))}
        reply = await InMemory(self.site).ask("/locks?hold=1", "POST", lock, **headers)
        self.assertLess(reply.status, 300, reply)
        return await self.verdict(of or self.address)

    async def verdict(self, address: str) -> dict[str, Any]:
        """Wait for the end of a hold, and return the verdict."""
        while True:
            verdict: dict[str, Any] = json.loads((await InMemory(self.site).ask(f"/{address}/held")).body)
            if not verdict["holding"]:
                return verdict
            await deferLater(reactor, 0.01)  # type: ignore[arg-type]


class LimitedHoldsTests(LimitedHoldsCase):
    """The attacker has a lock held, so that the server fetches crates that its token is not for."""

    async def test_a_hold_uses_only_the_logins_that_its_token_is_for(self) -> None:
        """The token is for some projects, for the index, or for another registry."""
        for each in (limited(projects=frozenset({"shout"})), limited("default"), limited("default", "crates:corp")):
            self.let(each)
            verdict = await self.held()
            self.assertFalse(verdict["complete"])
            self.assertIn("not frozen yet", verdict["missing"][0]["reason"])
            self.assertEqual(self.registries.asked, [])
        self.let(limited("default", "crates:default"))
        self.assertTrue((await self.held())["complete"])

    async def test_a_hold_uses_no_other_login_for_a_repository(self) -> None:
        """The Cargo.lock of an sdist names a commit of a private repository."""
        self.registries.with_login = {COMMIT.file.url}
        self.offer("shout", git_sdist(COMMIT.url, COMMIT.id))
        self.address = await self.committed("shout==1.0", "# takes crates from git")
        self.let(limited("default", "crates:default"))
        self.assertFalse((await self.held())["complete"])
        self.assertNotIn(COMMIT.filename, self.registries.asked)
        self.let(limited("default", "crates:default", "git.corp.example"))
        self.assertTrue((await self.held())["complete"])

    async def test_a_reader_has_no_crate_fetched_by_asking_for_a_wheelhouse(self) -> None:
        """That begins a hold too."""
        reply = await InMemory(self.site).ask(f"/{self.address}/wheelhouse.tar")
        self.assertEqual(reply.status, 503)
        self.assertFalse((await self.verdict(self.address))["complete"])
        self.assertEqual(self.registries.asked, [])

    async def test_a_hold_of_the_attacker_is_no_obstacle_for_others(self) -> None:
        """Another client wants the same hold while that of the attacker is under way."""
        free = evolve(token("committer"), scopes=token("holder").scopes)
        self.site.resource._access.tokens = Tokens([limited("default"), free])  # type: ignore[attr-defined]
        lock = (await InMemory(self.site).ask(f"/{self.address}/lock")).body
        headers = {"Authorization": basic(text_of("holder"))}
        reply = await InMemory(self.site).ask("/locks?hold=1", "POST", lock, **headers)
        self.assertLess(reply.status, 300, reply)
        self.assertEqual(self.services.holds.under_way, 1)
        self.assertTrue((await self.held(login="committer"))["complete"])

    async def test_a_token_for_a_registry_reads_its_index(self) -> None:
        """And no other."""
        address = await self.committed_together("shout==1.0\n", cargo_lock("bare", "1.0.0", source=CORP))
        self.let(limited("crates:corp"))
        headers = {"Authorization": basic(text_of("holder"))}
        path = f"crates/registry/{registry_key(CORP)}/{index_path(WORDS.name)}"
        self.assertEqual((await InMemory(self.site).ask(f"/{address}/{path}", **headers)).status, 200)
        reply = await InMemory(self.site).ask(f"/{self.address}/crates/{index_path(WORDS.name)}", **headers)
        self.assertEqual(reply.status, 503)


class LimitedCargoLockTests(LimitedHoldsCase):
    """The attacker commits a Cargo.lock that names crates which its token is not for."""

    async def test_only_registries_that_the_token_is_for_are_committed(self) -> None:
        lock = git_lock(COMMIT.url, COMMIT.id)
        documents = {"requirements.txt": "shout==1.0\n", "Cargo.lock": lock}
        address = address_of(listing_of([Document(path, text.encode()) for path, text in documents.items()]))
        for upstreams, missing in (
            (("default",), "crates:default"),
            (("default", "crates:corp"), "crates:default"),
            (("default", "crates:default"), "git.corp.example"),
        ):
            self.let(limited(*upstreams))
            reply = await self.commit(documents)
            self.assertEqual(reply.status, 403, reply.body)
            said = json.loads(reply.body)
            self.assertEqual(said["title"], f"the token holder is not for the upstream {missing}")
            self.assertIn("Cargo.lock", said["detail"])
        self.assertEqual((await InMemory(self.site).ask(f"/{address}/lock")).status, 410)
        self.let(limited("default", "crates:default", "git.corp.example"))
        self.assertEqual((await self.commit(documents)).status, 201)

    async def test_a_cargo_lock_alone_is_checked_too(self) -> None:
        """It pins no project at all."""
        self.let(limited("default"))
        reply = await InMemory(self.site).ask(
            "/locks", "POST", cargo_lock("bare", "1.0.0").encode(), Authorization=basic(text_of("holder"))
        )
        self.assertEqual(reply.status, 403, reply.body)

    async def test_what_needs_no_crates_is_committed_as_before(self) -> None:
        self.let(limited("default"))
        self.assertLess((await self.commit({"a.txt": "shout==1.0\n", "Cargo.lock": "version = 4\n"})).status, 300)
