"""cargo on a server where reading needs a token: it sends the token as the whole ``Authorization``."""

from __future__ import annotations

import json
import tomllib

from reqpi.core.access.tokens import Tokens
from reqpi.web.http.access import Access
from reqpi.web.http.token_access import TokenAccess
from tests.attacks.tokens_case import SCOPES, basic, text_of, token
from tests.crates_case import CratesCase
from tests.rust_sdists import WORDS


class LoginTests(CratesCase):
    """Nothing can be read without a token."""

    anonymous = "none"

    def access(self) -> Access:
        return TokenAccess(Tokens(map(token, SCOPES)), self.anonymous, self.clock.seconds)

    async def test_cargo_is_told_to_log_in(self) -> None:
        """It asks for the configuration without a login at first, and takes 401 as a reason to send one."""
        reply = await self.ask("crates/config.json")
        self.assertEqual(reply.status, 401, reply)
        reply = await self.ask("crates/config.json", Authorization=text_of("reader"))
        self.assertEqual((reply.status, json.loads(reply.body)["auth-required"]), (200, True), reply)

    async def test_the_token_is_taken_without_a_scheme_with_bearer_and_as_a_password(self) -> None:
        secret = text_of("reader")
        path = f"crates/dl/{WORDS.name}/{WORDS.version}/{WORDS.sha256}.crate"
        for login in (secret, f"Bearer {secret}", basic(secret)):
            reply = await self.ask("crates/ma/de/made-words", Authorization=login)
            self.assertEqual((reply.status, reply.body), (200, WORDS.line + b"\n"), login)
            reply = await self.ask(path, Authorization=login)
            self.assertEqual((reply.status, reply.body), (200, WORDS.content), login)
        for login in ("", secret[:-1], f"{secret} ", f"Cargo {secret}", "Bearer", text_of("nothing")):
            for each in (path, "crates/ma/de/made-words", "crates/config.json", "cargo/config.toml"):
                reply = await self.ask(each, **({"Authorization": login} if login else {}))
                self.assertIn(reply.status, (200,) if login == f"{secret} " else (401, 403), (login, each))

    async def test_the_configuration_leaves_the_token_to_the_user(self) -> None:
        """It names the registry by which cargo looks for it, and has no token itself."""
        reply = await self.ask("cargo/config.toml", Authorization=basic(text_of("reader")))
        config = tomllib.loads(reply.body.decode())
        index = f"sparse+http://index.example.org/{self.address}/crates/"
        self.assertEqual(config["registries"], {"reqpi": {"index": index}})
        self.assertEqual(config["source"], {"crates-io": {"replace-with": "reqpi"}})
        self.assertEqual(config["registry"], {"global-credential-providers": ["cargo:token"]})
        self.assertNotIn(text_of("reader").encode(), reply.body)


class OpenTests(CratesCase):
    """Everyone may read, and commits need a token."""

    def access(self) -> Access:
        return TokenAccess(Tokens(map(token, SCOPES)), "read", self.clock.seconds)

    async def test_cargo_needs_no_login(self) -> None:
        reply = await self.ask("crates/config.json")
        self.assertEqual((reply.status, json.loads(reply.body)["auth-required"]), (200, False), reply)
        self.assertNotIn("registries", tomllib.loads((await self.ask("cargo/config.toml")).body.decode()))
