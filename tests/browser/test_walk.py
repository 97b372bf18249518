"""A person commits a lock, is refused a package, finds out why, and repairs the lock: all of it by the pages."""

from __future__ import annotations

import pytest

from tests.browser.case import BrowserCase
from tests.browser.chromium import overflow
from tests.browser.walk import DEFECTIVE, STEPS, Pip, Walk, stock_for_walk, walked
from tests.fake_upstream import Upstream

pytestmark = [pytest.mark.clients, pytest.mark.xdist_group("browser")]

PNG = b"\x89PNG\r\n\x1a\n"


class WalkTests(BrowserCase):
    @classmethod
    def stocked(cls, upstream: Upstream) -> None:
        stock_for_walk(upstream)

    def test_from_a_lock_with_defects_to_a_build_that_passes(self) -> None:
        """Each step is one that can be shown: ``docs/screenshots`` has the pictures."""
        watched = self.watched()
        watched.page.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=self.server.url)
        walk, pip = Walk(watched.page, self.server.url), Pip(self.folder)
        seen: dict[str, str] = {}
        for name, said in walked(walk, pip):
            seen[name] = said
            self.assertEqual(overflow(walk.page), [], name)
            self.assertTrue(walk.page.screenshot().startswith(PNG))
            if name == "defects":
                self.assertEqual(walk.page.input_value("#text"), DEFECTIVE)
        self.assertEqual(tuple(seen), STEPS)
        for words in ("line 2", "werkzeug>=3.1", "line 5", "click"):
            self.assertIn(words, seen["defects"])
        self.assertEqual(seen["defects"].count("line "), 2)
        self.assertIn("No request was refused", seen["address"])
        self.assertIn("pip install --index-url", seen["copied"])
        self.assertNotEqual(seen["refused-by-pip"].splitlines()[0], "0")
        self.assertIn("blinker", seen["refused-by-pip"])
        self.assertIn("blinker", seen["refused"])
        self.assertRegex(seen["line"], r"^blinker==1\.9\.0( |$)")
        self.assertEqual(seen["passes"].splitlines()[0], "0", seen["passes"])
        self.assertTrue((pip.target / "blinker.py").exists())
        watched.open(f"{self.server.url}/")
        self.assertEqual(watched.page.locator("#recent-list li").count(), 2)
        self.assertEqual(watched.wrong, [])
