"""Others on the network, with a token that cannot commit or is limited, against a registry of crates with a login."""

from __future__ import annotations

from attrs import evolve

from reqpi.core.access.tokens import Tokens
from reqpi.upstream.allowed.policy import Policy
from reqpi.upstream.allowed.urls import index_key
from reqpi.web.http.access import Access
from reqpi.web.http.token_access import TokenAccess
from tests.attacks.tokens_case import SCOPES, basic, text_of, token
from tests.crates_registry import index_path
from tests.rust_sdists import GREET, WORDS
from tests.web.in_memory import InMemory
from tests.web.test_crates_runs import CrateRunsCase
from tests.web.wire import Reply

DEFAULT = "https://default.example/simple/"
KEY = index_key(DEFAULT)
LIMITED = evolve(token("committer"), projects=frozenset({"shout"}))


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
        """The attacker knows an address, or a run; a limited token is no better, as no limit names a registry."""
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
