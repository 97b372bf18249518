"""The bar of a hold moves while the files arrive."""

from __future__ import annotations

import pytest

from tests.browser.case import BrowserCase
from tests.fake_upstream.faults import Hang

pytestmark = [pytest.mark.clients, pytest.mark.xdist_group("browser")]

FILES = tuple(f"{name}-py3-none-any.whl" for name in ("top-1.0", "mid-1.5", "extra-1.0"))


class HoldTests(BrowserCase):
    def test_the_bar_moves_until_all_files_are_there(self) -> None:
        """Without a script, a link shows the page again."""
        for name in FILES:
            self.upstream.fail(name, Hang())
        address = self.committed("top==1.0\nmid==1.5\nextra==1.0\n", "?hold=1")
        self.upstream.wait_for(1, "/files/")
        watched, plain = self.watched(), self.watched(java_script_enabled=False)
        page = watched.open(address.rstrip("/"))
        page.locator("#bar").wait_for()
        still = plain.open(address.rstrip("/"))
        self.assertEqual(page.evaluate("bar.value"), 0)

        self.upstream.heal(FILES[2])
        page.get_by_text("1 of 3 files").wait_for()
        self.assertGreater(page.evaluate("bar.value"), 0)
        still.get_by_role("link", name="Look again").click()
        still.get_by_text("1 of 3 files").wait_for()
        for name in FILES[:2]:
            self.upstream.heal(name)
        page.get_by_text("Complete: no build needs the upstream any more.").wait_for()
        still.get_by_role("link", name="Look again").click()
        still.get_by_text("Complete:").wait_for()
        self.assertEqual(watched.wrong + plain.wrong, [])
