"""The pictures of the documentation."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

DRAW = Path(__file__).parents[1] / "docs" / "drawings" / "draw.py"


class DrawingTests(SynchronousTestCase):
    """Each picture is made from the text beside it."""

    def test_every_picture_is_what_its_text_says(self) -> None:
        done = subprocess.run([sys.executable, DRAW, "--check"], capture_output=True, text=True, check=False)
        self.assertEqual((done.stderr, done.returncode), ("", 0))
