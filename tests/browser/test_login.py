"""A person logs in by the form of a server that requires a login."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from tests.browser.axe import axe_core, violations
from tests.browser.case import LOCK, BrowserCase
from tests.browser.chromium import overflow
from tests.browser.hostile import HOSTILE
from tests.browser.named_pages import log_in, new_token
from tests.browser.walk import Walk

pytestmark = [pytest.mark.clients, pytest.mark.xdist_group("browser")]


class LoginTests(BrowserCase):
    token: str

    @classmethod
    def options(cls) -> Sequence[str]:
        cls.token = new_token(cls.folder, "read", "commit", "operate")
        tokens = str(cls.folder / "tokens")
        return "--tokens", tokens, "--anonymous", "none", "--audit-log", str(cls.folder / "audit")

    def test_a_login_lasts_until_the_person_logs_out(self) -> None:
        watched = self.watched()
        page = watched.open(f"{self.server.url}/")
        self.assertEqual(page.locator("#commit-form").count(), 0)
        page.get_by_role("link", name="Log in with a token").click()
        page.fill("#token", "nonsense")
        page.get_by_role("button", name="Log in").click()
        page.get_by_role("alert").get_by_text("not valid here").wait_for()
        page.fill("#token", self.token)
        page.get_by_role("button", name="Log in").click()
        page.get_by_text("Logged in as a-person").wait_for()

        [cookie] = page.context.cookies()
        self.assertEqual((cookie["httpOnly"], cookie["secure"], cookie["sameSite"]), (True, True, "Strict"))
        self.assertEqual(page.evaluate("document.cookie"), "")
        self.assertNotIn(self.token, page.content())
        walk = Walk(page, self.server.url)
        walk.commit(LOCK)
        self.assertEqual(page.locator("#address").count(), 1)
        address = page.url

        page.goto(f"{self.server.url}/")
        page.get_by_role("button", name="Log out").click()
        page.get_by_role("link", name="Log in with a token").wait_for()
        self.assertEqual(page.context.cookies(), [])
        page.goto(address)
        self.assertEqual(page.locator("#address").count(), 0)
        self.assertEqual(watched.wrong, [])

    def test_the_page_of_the_operator_is_accessible_and_safe(self) -> None:
        """It has a denial, whose reason is hostile, and the end of the audit log."""
        program = axe_core()
        watched = self.watched(viewport={"width": 390, "height": 800})
        page = watched.page
        log_in(page, self.server.url, self.token)
        page.goto(f"{self.server.url}/operator")
        page.fill("[name=what]", "top")
        page.fill("[name=because]", HOSTILE[:400])
        with page.expect_navigation():
            page.locator("form:has([name=because]) button").click()
        page.get_by_role("button", name="Revoke").wait_for()
        wrong = [*overflow(page), *violations(page, program)]
        page.emulate_media(color_scheme="dark")
        wrong += violations(page, program)
        self.assertEqual(wrong + watched.wrong, [])
