"""A web page of another site that uses the login of a person's browser: it may change nothing, and read nothing."""

from __future__ import annotations

import re
from urllib.parse import urlencode

from tests.attacks.tokens_case import TokensCase, text_of
from tests.web.test_commit_form import BOUNDARY, BROWSER, form
from tests.web.wire import Reply

LOCK = b"six==1.0\n# committed by a person\n"
OWN = {"Sec-Fetch-Site": "same-origin"}


class LoginTests(TokensCase):
    async def log_in(self, token: str) -> Reply:
        return await self.ask("/login", "POST", urlencode({"token": token}).encode(), Accept=BROWSER, **OWN)

    async def cookie(self, name: str = "committer") -> str:
        """The cookie of a person who has logged in."""
        reply = await self.log_in(text_of(name))
        self.assertEqual(reply.status, 303)
        return (reply["Set-Cookie"] or "").partition(";")[0]

    async def key(self, cookie: str) -> str:
        """The proof in the form of the front page."""
        page = (await self.ask("/", Accept=BROWSER, Cookie=cookie)).body.decode()
        found = re.search(r'name="key" value="([0-9a-f]{32})"|value="([0-9a-f]{32})"[^>]*name="key"', page)
        assert found is not None, page
        return found[1] or found[2]

    async def commit(self, cookie: str, key: str, **headers: str) -> Reply:
        sent = {"Accept": BROWSER, "Content-Type": f"multipart/form-data; boundary={BOUNDARY}", "Cookie": cookie}
        return await self.ask("/locks", "POST", form(("text", "", LOCK), ("key", "", key.encode())), **sent, **headers)

    async def test_a_person_logs_in_and_out(self) -> None:
        reply = await self.log_in(text_of("committer"))
        attributes = {each.strip() for each in (reply["Set-Cookie"] or "").split(";")[1:]}
        self.assertLessEqual({"HttpOnly", "Secure", "SameSite=Strict", "Path=/"}, attributes)
        cookie = await self.cookie()
        page = await self.ask("/", Accept=BROWSER, Cookie=cookie)
        self.assertIn("committer", page.body.decode())
        self.assertNotIn(text_of("committer"), page.body.decode())
        key = await self.key(cookie)
        self.assertEqual((await self.commit(cookie, key, **OWN)).status, 303)
        body = urlencode({"key": key}).encode()
        out = await self.ask("/logout", "POST", body, Accept=BROWSER, Cookie=cookie, **OWN)
        self.assertIn("Max-Age=0", out["Set-Cookie"] or "")

    async def test_a_browser_without_a_login_gets_a_page_that_leads_to_it(self) -> None:
        """Without the challenge, for which a browser would open a window of its own."""
        reply = await self.ask("/", Accept=BROWSER)
        self.assertEqual((reply.status, reply["WWW-Authenticate"]), (401, None))
        self.assertIn('href="./login"', reply.body.decode())
        self.assertEqual((await self.ask("/login", Accept=BROWSER)).status, 200)
        self.assertEqual((await self.ask("/"))["WWW-Authenticate"], 'Basic realm="reqpi"')

    async def test_another_site_cannot_use_the_cookie(self) -> None:
        """Its request comes with the cookie if the browser is old, and says where it comes from, or nothing."""
        cookie = await self.cookie()
        key = await self.key(cookie)
        for headers in (
            {},
            {"Sec-Fetch-Site": "cross-site"},
            {"Sec-Fetch-Site": "same-site"},
            {"Sec-Fetch-Site": "none"},
            {"Origin": "https://other.example"},
            {"Origin": "null"},
        ):
            reply = await self.commit(cookie, key, **headers)
            self.assertIn(reply.status, (401, 403), headers)

    async def test_a_form_without_the_proof_does_nothing(self) -> None:
        """It is on a page of this origin that the attacker has written."""
        cookie = await self.cookie()
        for key in ("", "0" * 32, "\u00e9"):
            self.assertEqual((await self.commit(cookie, key, **OWN)).status, 403)
            body = urlencode({"key": key}).encode()
            out = await self.ask("/logout", "POST", body, Accept=BROWSER, Cookie=cookie, **OWN)
            self.assertEqual((out.status, out["Set-Cookie"]), (403, None))

    async def test_a_token_that_was_revoked_is_no_login(self) -> None:
        cookie = await self.cookie("reader")
        self.assertEqual((await self.ask(f"/{self.address}/", Cookie=cookie)).status, 200)
        self.revoke("reader")
        self.assertEqual((await self.ask(f"/{self.address}/", Cookie=cookie)).status, 401)

    async def test_a_token_that_is_not_valid_sets_no_cookie(self) -> None:
        """Nor does a text that would end the header."""
        for token in ("", "nonsense", f"{text_of('reader')}; Domain=example", "x\r\nSet-Cookie: y=z", "x" * 20000):
            reply = await self.log_in(token)
            self.assertEqual((reply.status, reply["Set-Cookie"]), (403, None), token[:50])

    async def test_a_hostile_cookie_is_no_login(self) -> None:
        for cookie in ("__Host-reqpi-login=", "__Host-reqpi-login=a:b", "=;" * 5000, f"other={text_of('reader')}"):
            self.assertEqual((await self.ask(f"/{self.address}/", Cookie=cookie)).status, 401)

    async def test_a_reader_may_not_commit_with_the_form(self) -> None:
        cookie = await self.cookie("reader")
        self.assertEqual((await self.commit(cookie, await self.key(cookie), **OWN)).status, 403)
