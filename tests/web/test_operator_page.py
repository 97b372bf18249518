"""The page of the operator: who may see it, what it shows, and what its forms do."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from reqpi.core.access.tokens import Token, Tokens, digest_of
from reqpi.shelf.runs import Runs
from reqpi.web.http.audit import AuditLog
from reqpi.web.http.token_access import TokenAccess
from reqpi.web.pages.operator import OperatorPage
from reqpi.web.routes import Root
from tests.attacks.tokens_case import TokensCase, text_of
from tests.web.test_operating import ALL
from tests.web.test_pages import read

REPORT: dict[str, Any] = {
    "ready": True,
    "problem": "",
    "versions": {"reqpi": "1", "<script>": "2"},
    "upstreams": [
        {"host": "index.example", "up": True, "answered_at": 7.0},
        {"host": "<script>alert(1)</script>", "up": False, "answered_at": None},
    ],
    "store": {"kind": "directory", "files": None, "bytes": None, "free_bytes": 7, "damage": {}, "swept_at": 0.0},
    "holds": 2,
    "requests": {"2xx": 1200},
    "downloads": {"kept": 3},
    "refusals": {},
}


class OperatorPageTests(TokensCase):
    anonymous = "read"

    def made_root(self) -> Root:
        tokens = (Token(name, digest_of(text_of(name)), frozenset(scopes)) for name, scopes in ALL.items())
        self.access = TokenAccess(Tokens(tokens), self.anonymous, self.clock.seconds)

        async def report() -> dict[str, Any]:
            return REPORT

        features = [OperatorPage(report, self.shelf.denials)]
        runs = Runs(self.store, self.clock, "tests")
        return Root(self.services(), self.base, self.ready_answers, access=self.access, runs=runs, features=features)

    async def setUp(self) -> None:
        await super().setUp()
        self.lines: list[str] = []
        self.site.audit = AuditLog(self.clock, self.lines.append)

    async def send(self, name: str, **fields: str) -> int:
        return (await self.as_client(name, "/operator", "POST", urlencode(fields).encode())).status

    async def test_it_is_for_the_operator(self) -> None:
        self.assertEqual((await self.ask("/operator")).status, 401)
        for name in ("reader", "holder"):
            self.assertEqual((await self.as_client(name, "/operator")).status, 403)
            self.assertEqual(await self.send(name, what="six", because="x"), 403)
        self.assertEqual((await self.as_client("operator", "/operator")).status, 200)

    async def test_it_shows_the_state_and_every_text_is_text(self) -> None:
        page = read((await self.as_client("operator", "/operator")).body)
        for words in ("ready", "index.example", "does not answer", "2 under way", "2xx: 1,200", "not measured"):
            self.assertIn(words, page.text)
        self.assertEqual(page.elements.count("script"), 1)
        self.assertIn("<script>alert(1)</script>", page.text)

    async def test_a_denial_is_made_shown_and_revoked(self) -> None:
        """And noted, with the name of the token."""
        self.assertEqual(await self.send("operator", what="six==1.0", because="it mines <b>coins</b>"), 303)
        page = read((await self.as_client("operator", "/operator")).body)
        for words in ("six==1.0", "it mines <b>coins</b>", "operator", "deny"):
            self.assertIn(words, page.text)
        self.assertEqual(await self.send("operator", revoke="six==1.0"), 303)
        self.assertEqual(await self.shelf.denials.listed(), ())
        self.assertEqual([line.split('"what": "')[1].split('"')[0] for line in self.lines], ["deny", "revoke"])

    async def test_what_cannot_be_denied_is_said(self) -> None:
        reply = await self.as_client("operator", "/operator", "POST", urlencode({"what": "?", "because": "x"}).encode())
        self.assertEqual(reply.status, 400)
        self.assertIn("alert", reply.body.decode())
