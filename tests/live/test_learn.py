"""What a build from source needs, learned from the real upstream, is enough for the same build behind an address."""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from twisted.trial.unittest import SkipTest, SynchronousTestCase

from tests.end_to_end.clients import Done, environment, run
from tests.end_to_end.server import ROOT, Server
from tests.live.reachable import why_not

pytestmark = pytest.mark.live

# Built with setuptools, hatchling and flit; all that these are built with is built too.
LOCK = "--no-binary :all:\nsix==1.17.0\ncolorama==0.4.6\nidna==3.10\n"


class LearnTests(SynchronousTestCase):
    def setUp(self) -> None:
        reason = why_not()
        if reason:
            raise SkipTest(f"NOT RUN: {reason}")
        folder = TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        (self.folder / "requirements.txt").write_text(LOCK)
        self.server = Server(self.folder / "store", "--learning")
        self.addCleanup(self.server.stop)

    def reqpi(self, command: str, *words: object) -> Done:
        """Run a command of ours, that runs pip."""
        caches = {"PIP_CACHE_DIR": str(self.folder / f"cache-{command}")}
        start = [sys.executable, "-m", "reqpi", command, "--url", self.server.url]
        return run([*start, *words], self.folder, {"PYTHONPATH": str(ROOT), **caches}, limit=600)

    def install(self, target: str) -> list[object]:
        python = environment("pip", "pip") / "python"
        install = [python, "-m", "pip", "install", "--no-binary", ":all:", "-r", "requirements.txt"]
        return ["env", "--unset=PYTHONPATH", *install, "--target", target]

    def installed(self, target: str) -> set[str]:
        return {path.name.partition("-")[0] for path in (self.folder / target).glob("*.dist-info")}

    def test_what_is_learned_is_enough_for_the_same_install_behind_an_address(self) -> None:
        """And without it that fails, at what is written down then."""
        options = ("-r", "requirements.txt", "-o", "requirements-build.txt")
        done = self.reqpi("learn", *options, "--", *self.install("learning"))
        self.assertEqual(done.status, 0, done.said)
        learned = (self.folder / "requirements-build.txt").read_text()
        for project in ("setuptools", "hatchling", "flit-core"):
            self.assertRegex(learned, rf"(?m)^{project}==\d")
        self.assertNotRegex(learned, r"(?m)^(six|colorama|idna)==")
        strictly = self.reqpi("run", "requirements.txt", "requirements-build.txt", "--", *self.install("strictly"))
        self.assertEqual(strictly.status, 0, strictly.said)
        self.assertEqual(self.installed("strictly"), {"six", "colorama", "idna"})
        self.assertEqual(self.installed("strictly"), self.installed("learning"))
        self.assertNotIn("# reqpi: not in", strictly.said)
        without = self.reqpi("run", "requirements.txt", "--", *self.install("without"))
        self.assertNotEqual(without.status, 0)
        self.assertIn("requested, but not in requirements.txt", without.said)
