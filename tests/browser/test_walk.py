"""A person commits a lock, is refused a package, finds out why, and repairs the lock: all of it by the pages."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.browser.case import BrowserCase
from tests.browser.chromium import Watched
from tests.browser.walk import DEFECTIVE, Walk

pytestmark = [pytest.mark.clients, pytest.mark.xdist_group("browser")]


class WalkTests(BrowserCase):
    def test_from_a_lock_with_defects_to_a_build_that_passes(self) -> None:
        watched = self.watched()
        watched.page.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=self.server.url)
        walk = Walk(watched.page, self.server.url)
        walk.commit(DEFECTIVE)
        self.assertIn("line 2", walk.defects[0])
        self.assertIn("mid>=1.5", walk.defects[0])
        self.assertIn("line 3", walk.defects[1])
        self.assertEqual(len(walk.defects), 2)
        self.assertEqual(walk.page.input_value("#text"), DEFECTIVE)
        walk.commit("top==1.0\nmid==1.5\n")
        self.assertIn("No request was refused", walk.page.inner_text("main"))

        status, said = self.pip(walk.copied("pip"), "top==1.0\nmid==1.5\n")
        self.assertNotEqual(status, 0)
        self.assertIn("extra", said)
        line = walk.line_to_add()
        self.assertRegex(line, r"^extra==1\.0( |$)")

        lock = f"top==1.0\nmid==1.5\n{line}\n"
        walk.commit(lock)
        status, said = self.pip(walk.copied("pip"), lock)
        self.assertEqual(status, 0, said)
        self.assertTrue((self.folder / "target" / "extra.py").exists())
        self.assertEqual(self.recent(watched), 2)
        self.assertEqual(watched.wrong, [])

    def recent(self, watched: Watched) -> int:
        """Return how many addresses the front page recalls."""
        page = watched.open(f"{self.server.url}/")
        return page.locator("#recent-list li").count()

    def pip(self, commands: str, lock: str) -> tuple[int, str]:
        """Run what was copied, in a shell whose pip installs into a folder."""
        (self.folder / "requirements.txt").write_text(lock)
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        environ = {"PATH": path, "HOME": str(self.folder), "PIP_TARGET": str(self.folder / "target")}
        environ |= {"PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_NO_CACHE_DIR": "1"}
        done = subprocess.run(
            ["sh", "-euc", commands],
            cwd=self.folder,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=240,
            check=False,
        )
        return done.returncode, done.stdout
