"""ReqPI installed through an address of its own lock."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from twisted.trial.unittest import SkipTest, SynchronousTestCase

from tests.end_to_end.clients import run
from tests.end_to_end.server import ROOT
from tests.live.reachable import why_not

pytestmark = pytest.mark.live

_LOCKS = ("deploy/requirements.txt", "deploy/build-requirements.txt")


class OwnLockTests(SynchronousTestCase):
    """As the image is made, with the real upstream."""

    def test_it_is_installed_through_its_own_address(self) -> None:
        """Without an upstream for what the lock lacks: a dependency that is missing there ends the install."""
        if reason := why_not():
            raise SkipTest(f"NOT RUN: {reason}")
        folder = TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        place = Path(folder.name)
        made = place / "venv"
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", made], check=True)
        kept = {name: value for name, value in os.environ.items() if name.startswith(("PIP_CERT", "SSL_", "REQUESTS_"))}
        pip = [sys.executable, "-m", "pip", "--python", str(made / "bin" / "python"), "install", "--require-hashes"]
        for lock in (ROOT / name for name in _LOCKS):
            done = run(
                [sys.executable, "-m", "reqpi", "run", lock, "--store", place / "store", "--", *pip, "-r", lock],
                place,
                kept | {"PYTHONPATH": str(ROOT), "HOME": str(place)},
            )
            self.assertEqual(done.status, 0, done.said)
        source = place / "source"
        source.mkdir()
        for name in ("reqpi", "twisted", "setup.py", "pyproject.toml", "README.md", "LICENSE"):
            (source / name).symlink_to(ROOT / name)
        command = [*pip[:-1], "--no-deps", "--no-build-isolation", "--no-index", str(source)]
        done = run(command, place, {})
        self.assertEqual(done.status, 0, done.said)
        reqpi = run([made / "bin" / "reqpi", "check", ROOT / _LOCKS[0]], place, {})
        self.assertEqual(reqpi.status, 0, reqpi.said)
