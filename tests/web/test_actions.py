"""The forms of the pages of an address, for those who may use them."""

from __future__ import annotations

from reqpi.core.limits.limit import Limit
from reqpi.web.http.rate_limits import limits_on
from tests.attacks.test_page_actions import DENIAL, ActionsCase
from tests.distributions import a_page
from tests.web.case import CONTENTS, FILES, SDIST, WHEEL
from tests.web.test_pages import read


class ActionsTests(ActionsCase):
    async def as_operator(self, action: str, **fields: str) -> str:
        """Send a form as an operator; the path that it leads to."""
        cookie = await self.cookie("operator")
        reply = await self.send(action, cookie, fields | {"key": await self.key(cookie)})
        self.assertEqual(reply.status, 303, reply)
        return (reply["Location"] or "").removeprefix(f"../{self.address}").partition("#")[0]

    async def text(self, path: str) -> str:
        """The words of a page, as an operator sees it."""
        return read((await self.page(await self.cookie("operator"), path)).encode()).text

    async def test_a_hold_begins_and_the_page_says_so(self) -> None:
        cookie = await self.cookie("holder")
        self.assertIn("Hold all files", await self.page(cookie))
        reply = await self.send("hold", cookie, {"key": await self.key(cookie)})
        self.assertEqual((reply.status, reply["Location"]), (303, f"../{self.address}/?done=hold#actions"))
        self.assertIn("The hold has begun", await self.page(cookie, "/?done=hold"))
        self.assertEqual(self.audited(), [("hold", "done")])

    async def test_all_that_is_held_has_no_button(self) -> None:
        self.upstream.offer(a_page(FILES[0]), CONTENTS[SDIST])
        await self.shelf.hold(await self.shelf.commitment(self.address), "six", SDIST)
        self.assertNotIn("Hold all files", await self.text("/"))

    async def test_a_release_is_denied_shown_and_allowed_again(self) -> None:
        """And noted, with the name of the token."""
        path = await self.as_operator("deny", **DENIAL)
        self.assertEqual(path, "/?done=deny")
        text = await self.text(path)
        for words in ("It is denied now", "six==1.0", "it mines coins", "Revoke"):
            self.assertIn(words, text)
        [denial] = await self.shelf.denials.listed()
        self.assertEqual((denial.what, denial.because, denial.by), ("six==1.0", "it mines coins", "operator"))
        path = await self.as_operator("revoke", what="six==1.0")
        self.assertIn("The denial is revoked", await self.text(path))
        self.assertEqual(await self.shelf.denials.listed(), ())
        self.assertEqual(self.audited(), [("deny", "done"), ("revoke", "done")])

    async def test_a_file_is_denied_from_its_page_by_its_digest(self) -> None:
        """Its own page is gone then, so the form leads to the page of the project."""
        await self.under("/simple/six/")
        page = await self.page(await self.cookie("operator"), f"/pins/six/{WHEEL}")
        self.assertIn(f"this file: {WHEEL}", page)
        [what] = {line.split('"')[0] for line in page.split('value="')[1:] if line.startswith("sha256:")}
        path = await self.as_operator("deny", what=what, because="it mines coins", project="six")
        self.assertEqual(path, "/pins/six?done=deny")
        text = await self.text(path)
        for words in ("It is denied now", what, "Revoke"):
            self.assertIn(words, text)
        self.assertEqual((await self.under(f"/simple/six/{WHEEL}")).status, 410)
        self.assertEqual((await self.under(f"/simple/six/{SDIST}")).status, 200)
        self.assertIn(what, await self.text("/"))
        await self.as_operator("revoke", what=what, project="six")
        self.assertEqual((await self.under(f"/simple/six/{WHEEL}")).status, 200)

    async def test_the_name_of_a_file_stands_for_its_digest(self) -> None:
        await self.under("/simple/six/")
        await self.as_operator("deny", what=WHEEL, because="it mines coins")
        [denial] = await self.shelf.denials.listed()
        self.assertTrue(denial.what.startswith("sha256:"))

    async def test_a_project_is_denied_as_a_whole(self) -> None:
        await self.as_operator("deny", what="Six", because="it mines coins", project="six")
        [denial] = await self.shelf.denials.listed()
        self.assertEqual(denial.what, "six")
        self.assertIn("it mines coins", await self.text("/pins/six"))

    async def test_a_reason_is_text(self) -> None:
        await self.as_operator("deny", what="six", because="<script>alert(1)</script>")
        for path in ("/", "/pins/six"):
            page = await self.page(await self.cookie("operator"), path)
            self.assertEqual(read(page.encode()).elements.count("script"), 1)

    async def test_a_reader_sees_no_denials_to_revoke(self) -> None:
        await self.as_operator("deny", **DENIAL)
        for path in ("/", "/pins/six"):
            self.assertNotIn("Revoke", await self.page(await self.cookie("reader"), path))

    def test_a_hold_by_a_form_counts_as_a_hold(self) -> None:
        self.assertEqual(list(limits_on(b"POST", b"/0/hold")), [Limit.REQUESTS, Limit.HOLDS])
