"""The screenshots of the documentation: each is shown, none is missing, and all of them are small."""

from __future__ import annotations

import re
from pathlib import Path
from struct import unpack
from unittest import TestCase

from tests.browser.walk import STEPS

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "docs" / "screenshots"

MOST = 4 << 20
"""Bytes of all of them."""

PALETTE = 3
"""The kind of a PNG that has one byte a pixel, at most."""


class ScreenshotTests(TestCase):
    def test_each_is_shown_and_none_is_missing(self) -> None:
        pages = (ROOT / "docs" / "pages.md").read_text("utf-8")
        shown = set(re.findall(r"\(screenshots/([\w-]+)\.png\)", pages))
        self.assertEqual(shown, {path.stem for path in FOLDER.glob("*.png")})
        self.assertIn("docs/screenshots/address-light.png", (ROOT / "README.md").read_text("utf-8"))

    def test_each_step_of_the_walk_has_one(self) -> None:
        steps = [f"walk-{number:02}-{name}" for number, name in enumerate(STEPS, 1)]
        self.assertEqual(sorted(path.stem for path in FOLDER.glob("walk-*.png")), steps)

    def test_they_are_small(self) -> None:
        sizes = [path.stat().st_size for path in FOLDER.glob("*.png")]
        self.assertLess(sum(sizes), MOST)
        for path in FOLDER.glob("*.png"):
            head = path.read_bytes()[:26]
            self.assertEqual(head[25], PALETTE, path.name)
            width, _ = unpack(">II", head[16:24])
            self.assertEqual(width, 390 if path.stem.endswith("-narrow") else 1000, path.name)
