"""A lock of sixty packages, taken away from the real upstream and installed where there is no network at all."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from shutil import which
from tempfile import TemporaryDirectory

import pytest
from twisted.trial.unittest import SkipTest, SynchronousTestCase

from tests.end_to_end.clients import Done, environment, run
from tests.end_to_end.server import ROOT
from tests.live.reachable import why_not

pytestmark = pytest.mark.live

LOCK = Path(__file__).with_name("sixty.txt")
"""Every one of them has a wheel for any platform, or for this one."""

PINS = LOCK.read_text().count("==")


def networkless() -> list[str]:
    """What a command has to begin with, to run where not even loopback is up."""
    command = [str(which("unshare")), "--net"] if which("unshare") else []
    tried = subprocess.run([*command, "true"], capture_output=True, check=False)
    if not command or tried.returncode:
        raise SkipTest("NOT RUN: no namespace without a network can be made here")
    return command


class TakeAwayTests(SynchronousTestCase):
    """``fetch`` and ``wheelhouse``, and then an install that could ask nobody."""

    def setUp(self) -> None:
        reason = why_not()
        if reason:
            raise SkipTest(f"NOT RUN: {reason}")
        folder = TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def reqpi(self, *words: object) -> Done:
        command = [sys.executable, "-m", "reqpi", *words, "--store", self.folder / "store"]
        kept = {name: value for name, value in os.environ.items() if name.startswith(("PIP_", "SSL_", "REQUESTS_"))}
        return run([*command, *self.fewer], ROOT, kept | {"PYTHONPATH": str(ROOT), "HOME": str(self.folder)})

    @property
    def fewer(self) -> list[str]:
        """No wheels for other machines: all of them would be some hundred MiB."""
        minor = f"{sys.version_info.major}.{sys.version_info.minor}"
        tags = [f"manylinux_2_28_{os.uname().machine}", f"manylinux2014_{os.uname().machine}"]
        return ["--python-version", minor, "--no-binary=:none:", *(w for tag in tags for w in ("--platform", tag))]

    def assert_installs(self, links: Path, lock: Path) -> None:
        """All of it, with every digest required, without a network."""
        pip = environment("pip", "pip") / "python"
        options = ["--no-index", "--find-links", links, "--require-hashes", "--no-cache-dir", "--target"]
        target = self.folder / f"target-{links.name}"
        command = [*networkless(), pip, "-m", "pip", "install", *options, target, "-r", lock]
        done = run(command, self.folder, {"PIP_CONFIG_FILE": os.devnull, "PIP_DISABLE_PIP_VERSION_CHECK": "1"})
        self.assertEqual(done.status, 0, done.said)
        # colorama and its like are for other machines.
        self.assertGreaterEqual(len(list(target.glob("*.dist-info"))), PINS - 5)

    def test_a_folder(self) -> None:
        """The second fetch asks for nothing."""
        networkless()
        out = self.folder / "out"
        done = self.reqpi("fetch", LOCK, "-o", out)
        self.assertEqual(done.status, 0, done.said)
        self.assert_installs(out, LOCK)
        done = self.reqpi("fetch", LOCK, "-o", out, "--offline")
        self.assertEqual(done.status, 0, done.said)
        self.assertIn(" 0 of them new", done.said)

    def test_an_archive(self) -> None:
        """With the requirements file that is in it."""
        networkless()
        archive = self.folder / "bundle.tar"
        done = self.reqpi("wheelhouse", LOCK, "-o", archive)
        self.assertEqual(done.status, 0, done.said)
        subprocess.run(["tar", "--extract", "--file", archive], cwd=self.folder, check=True)
        house = self.folder / "wheelhouse"
        subprocess.run(["sha256sum", "--check", "--quiet", "SHA256SUMS"], cwd=house, check=True)
        self.assert_installs(house, house / "requirements.txt")
