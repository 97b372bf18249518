"""A person logs in by the form of a server that requires a login."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence

import pytest

from tests.browser.case import LOCK, BrowserCase
from tests.browser.walk import Walk
from tests.end_to_end.server import ROOT

pytestmark = [pytest.mark.clients, pytest.mark.xdist_group("browser")]


class LoginTests(BrowserCase):
    token: str

    @classmethod
    def options(cls) -> Sequence[str]:
        tokens = str(cls.folder / "tokens")
        command = [sys.executable, "-m", "reqpi", "token", "new", "a-person", "--tokens", tokens]
        made = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=240)
        cls.token = made.stdout.split()[-1]
        return "--tokens", tokens, "--anonymous", "none"

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
