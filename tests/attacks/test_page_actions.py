"""A web page, or a login that is not for it, that uses the forms of an address: nothing is held, denied or revoked."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import urlencode

from reqpi.core.access.clients import AccessScope
from reqpi.core.access.tokens import Token, Tokens, digest_of
from reqpi.shelf.whole_lock.lock_services import LockServices
from reqpi.web.http.audit import AuditLog
from reqpi.web.http.token_access import TokenAccess
from reqpi.web.routes import Root
from tests.attacks.tokens_case import SCOPES, TokensCase, text_of
from tests.web.case import WHEEL, WebCase
from tests.web.wire import Reply

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
OWN = {"Sec-Fetch-Site": "same-origin"}

ELSEWHERE: tuple[dict[str, str], ...] = (
    {},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "none"},
    {"Origin": "https://other.example"},
    {"Origin": "null"},
    {"Sec-Fetch-Site": "cross-site", "Origin": "http://index.example.org"},
)
"""What browsers say about a page that is not one of this server, or do not say."""

READ, COMMIT, HOLD, OPERATE = AccessScope.READ, AccessScope.COMMIT, AccessScope.HOLD, AccessScope.OPERATE
ALL: dict[str, set[AccessScope]] = {
    **SCOPES,
    "operator": {READ, COMMIT, HOLD, OPERATE},
    "holds-only": {READ, HOLD},
}

DENIAL = {"what": "six==1.0", "because": "it mines coins"}


class ActionsCase(TokensCase):
    """A server with a token for each set of scopes, and one that is limited to another project."""

    anonymous = "read"

    def made_root(self) -> Root:
        self.locks = self.services()
        made = [Token(name, digest_of(text_of(name)), frozenset(scopes)) for name, scopes in ALL.items()]
        everything = frozenset(ALL["operator"])
        made.append(Token("other", digest_of(text_of("other")), everything, projects=frozenset({"other"})))
        self.access = TokenAccess(Tokens(made), self.anonymous, self.clock.seconds)
        return Root(self.locks, self.base, self.ready_answers, access=self.access)

    async def setUp(self) -> None:
        await super().setUp()
        self.lines: list[str] = []
        self.site.audit = AuditLog(self.clock, self.lines.append)
        self.addCleanup(self.locks.holds.stop)

    async def cookie(self, name: str) -> str:
        """The cookie of a person who has logged in."""
        body = urlencode({"token": text_of(name)}).encode()
        reply = await self.ask("/login", "POST", body, Accept=BROWSER, **OWN)
        self.assertEqual(reply.status, 303, name)
        return (reply["Set-Cookie"] or "").partition(";")[0]

    async def page(self, cookie: str, path: str = "/") -> str:
        """A page of the address."""
        reply = await self.under(path, Accept=BROWSER, Cookie=cookie)
        self.assertEqual(reply.status, 200, reply)
        return reply.body.decode()

    async def key(self, cookie: str) -> str:
        """The proof in the form of the front page, which any login has."""
        page = (await self.ask("/", Accept=BROWSER, Cookie=cookie)).body.decode()
        found = re.search(r'value="([0-9a-f]{32})"', page)
        assert found is not None, page
        return found[1]

    async def send(self, action: str, cookie: str, fields: dict[str, str], headers: dict[str, str] = OWN) -> Reply:
        """Send a form as a browser does."""
        sent = {"Accept": BROWSER, "Content-Type": "application/x-www-form-urlencoded", **headers}
        if cookie:
            sent["Cookie"] = cookie
        return await self.ask(f"/{self.address}/{action}", "POST", urlencode(fields).encode(), **sent)

    async def assert_nothing_done(self) -> None:
        self.assertEqual(self.locks.holds.under_way, 0)
        self.assertEqual(await self.shelf.denials.listed(), ())
        self.assertEqual(self.upstream.asked, [])

    def audited(self) -> list[tuple[str, str]]:
        """What was noted, and its outcome."""
        noted = map(json.loads, self.lines)
        return [(line["what"], line["outcome"]) for line in noted if line.get("address") == self.address]


class ForeignPageTests(ActionsCase):
    """The person is an operator, who has logged in."""

    async def test_a_page_of_another_site_does_nothing(self) -> None:
        """It sends the form with the cookie of the operator, and has even learned the proof."""
        cookie = await self.cookie("operator")
        fields = DENIAL | {"key": await self.key(cookie)}
        for action in ("hold", "deny", "revoke"):
            for headers in ELSEWHERE:
                reply = await self.send(action, cookie, fields, headers)
                self.assertIn(reply.status, (401, 403), (action, headers))
        await self.assert_nothing_done()

    async def test_a_login_that_the_browser_adds_by_itself_is_no_proof(self) -> None:
        """The browser has kept the password of a window of its own, and sends it for any page."""
        for headers in ELSEWHERE:
            body = urlencode(DENIAL).encode()
            for action in ("hold", "deny", "revoke"):
                reply = await self.ask(
                    f"/{self.address}/{action}",
                    "POST",
                    body,
                    Authorization=f"Bearer {text_of('operator')}",
                    **headers,
                )
                self.assertEqual(reply.status, 403, (action, headers))
        await self.assert_nothing_done()

    async def test_a_form_without_the_proof_does_nothing(self) -> None:
        """The attacker has written a page of this origin, and cannot read others."""
        cookie = await self.cookie("operator")
        for key in ("", "0" * 32, "\u00e9"):
            for action in ("hold", "deny", "revoke"):
                self.assertEqual((await self.send(action, cookie, DENIAL | {"key": key})).status, 403)
        await self.assert_nothing_done()

    async def test_a_link_does_nothing(self) -> None:
        """The attacker has the person follow a link, or shows it as an image."""
        cookie = await self.cookie("operator")
        for action in ("hold", "deny", "revoke"):
            for method in ("GET", "HEAD"):
                query = urlencode(DENIAL | {"key": await self.key(cookie)})
                reply = await self.under(f"/{action}?{query}", method, Accept=BROWSER, Cookie=cookie, **OWN)
                self.assertEqual(reply.status, 405)
        await self.assert_nothing_done()

    async def test_a_link_puts_no_words_on_a_page(self) -> None:
        """The attacker wants the page to say what was done, in other words than ours."""
        cookie = await self.cookie("operator")
        for said in ("%3Cscript%3Ealert(1)%3C%2Fscript%3E", "call+0900", "hold%00", "HOLD", ""):
            page = await self.page(cookie, f"/?done={said}")
            self.assertNotIn("note good", page)
            self.assertNotIn("alert(1)", page)

    async def test_a_form_leads_nowhere_else(self) -> None:
        """The name of the project, to whose page the form leads back, is a URL of the attacker."""
        cookie = await self.cookie("operator")
        key = await self.key(cookie)
        for project in ("//evil.example", "https://evil.example/", "../../evil", "six/../..", "six\r\nX: y", "flask"):
            reply = await self.send("deny", cookie, DENIAL | {"key": key, "project": project})
            self.assertEqual(reply.status, 303)
            self.assertEqual(reply["Location"], f"../{self.address}/?done=deny#actions", project)
            self.assertIsNone(reply["X"])


class OtherLoginTests(ActionsCase):
    """The person may not do what the form does."""

    async def test_a_reader_sees_no_form_and_may_send_none(self) -> None:
        for name in ("", "reader", "committer", "holds-only", "holder", "other"):
            cookie = await self.cookie(name) if name else ""
            page = await self.page(cookie)
            may_hold = name == "holder"
            self.assertEqual('action="hold"' in page, may_hold, name)
            self.assertEqual('action="deny"' in page, name == "other", name)
            key = {"key": await self.key(cookie) if name else ""}
            if not may_hold:
                self.assertIn((await self.send("hold", cookie, key)).status, (401, 403), name)
            if name != "other":
                for action in ("deny", "revoke"):
                    self.assertIn((await self.send(action, cookie, DENIAL | key)).status, (401, 403), name)
        await self.assert_nothing_done()
        self.assertEqual({outcome for _, outcome in self.audited()}, {"refused"})

    async def test_a_hold_is_not_begun_for_a_client_that_may_not_commit_the_lock(self) -> None:
        """Its token has the scope, and is for other projects: the server would ask upstreams for it."""
        cookie = await self.cookie("other")
        reply = await self.send("hold", cookie, {"key": await self.key(cookie)})
        self.assertEqual(reply.status, 403)
        self.assertIn("is not for", reply.body.decode())
        await self.assert_nothing_done()

    async def test_what_the_lock_does_not_have_is_not_denied(self) -> None:
        """The form of an address is a slip of the hand away from a project that every lock needs."""
        cookie = await self.cookie("operator")
        key = await self.key(cookie)
        odd = ("flask", "six==2.0", f"sha256:{'0' * 64}", "crate:serde", "?", "", "six==", "x" * 5000, WHEEL + "x")
        for what in odd:
            reply = await self.send("deny", cookie, {"what": what, "because": "it mines coins", "key": key})
            self.assertEqual(reply.status, 400, what)
        for because in ("", " ", "x" * 501, "\x07"):
            reply = await self.send("deny", cookie, {"what": "six", "because": because, "key": key})
            self.assertEqual(reply.status, 400, because)
        await self.assert_nothing_done()

    async def test_a_form_of_many_fields_is_not_ours(self) -> None:
        """The attacker has the server read a thousand fields."""
        cookie = await self.cookie("operator")
        body = DENIAL | {"key": await self.key(cookie)} | {f"f{number}": "x" for number in range(1000)}
        self.assertEqual((await self.send("deny", cookie, body)).status, 403)
        await self.assert_nothing_done()


class OpenServerTests(WebCase):
    """The server requires no login: everyone who can connect may hold, and no one may deny."""

    async def setUp(self) -> None:
        await super().setUp()
        self.addCleanup(self.locks.holds.stop)

    def services(self) -> LockServices:
        self.locks = super().services()
        return self.locks

    async def send(self, action: str, headers: Any) -> int:
        body = urlencode(DENIAL).encode()
        return (await self.ask(f"/{self.address}/{action}", "POST", body, Accept=BROWSER, **headers)).status

    async def test_a_page_of_another_site_does_nothing(self) -> None:
        """It sends a form to a server on the loopback of the person's machine."""
        for headers in ELSEWHERE:
            for action in ("hold", "deny", "revoke"):
                self.assertEqual(await self.send(action, headers), 403, (action, headers))
        self.assertEqual(self.locks.holds.under_way, 0)

    async def test_no_one_denies(self) -> None:
        page = (await self.under("/", Accept=BROWSER)).body.decode()
        self.assertNotIn('action="deny"', page)
        for action in ("deny", "revoke"):
            self.assertEqual(await self.send(action, OWN), 403)
        self.assertEqual(await self.shelf.denials.listed(), ())

    async def test_a_page_of_this_server_begins_a_hold(self) -> None:
        self.assertIn('action="hold"', (await self.under("/", Accept=BROWSER)).body.decode())
        self.assertEqual(await self.send("hold", OWN), 303)
        self.assertEqual(await self.send("hold", {"Origin": "http://index.example.org"}), 303)
