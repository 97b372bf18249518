"""cargo without any configuration, behind ``reqpi run``: it asks for its built-in URLs, through the proxy."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from reqpi.core.receipts.reading import read_receipt
from tests.end_to_end.clients import Done
from tests.end_to_end.rust_case import RustCase
from tests.fake_upstream import Distribution
from tests.rust_sdists import GREET, WORDS, cargo_lock, maturin_sdist

pytestmark = pytest.mark.clients

WITHOUT_HOME = (
    "import os, subprocess, sys; from pathlib import Path; home = Path('own-home').absolute(); home.mkdir(); "
    "sys.exit(subprocess.call(sys.argv[1:], env={**os.environ, 'CARGO_HOME': str(home)}))"
)
"""Run a command whose cargo has nothing but the proxy and its authority."""


class UnconfiguredCargoTests(RustCase):
    """The only ways to the crates are ``HTTPS_PROXY`` and ``CARGO_HTTP_CAINFO``."""

    def behind(self, *words: object, locks: tuple[str, ...] = ("requirements.txt",)) -> Done:
        options = ("run", "--receipt", "receipt.json", *locks, "--", sys.executable, "-c", WITHOUT_HOME)
        return self.reqpi(*options, *words, CARGO_NET_RETRY="0")

    def test_pip_builds_an_sdist(self) -> None:
        """The receipt has the crates, and cargo's home has no configuration."""
        self.lock(self.shout)
        install = (sys.executable, "-m", "pip", "install", "--no-cache-dir", "--no-deps", "--target", "target")
        done = self.behind(*install, "--no-binary", "shout", "shout")
        self.assertEqual(done.status, 0, done.said)
        self.assertEqual(self.says("shout"), "hello from made_greet\n")
        self.assertFalse((self.folder / "own-home" / "config.toml").exists())
        receipt = read_receipt((self.folder / "receipt.json").read_bytes())
        taken = {each.sha256 for each in receipt.taken if each.kind == "file" and each.count}
        self.assertLessEqual({GREET.sha256, WORDS.sha256, self.shout.sha256}, taken)
        self.assertEqual((receipt.complete, receipt.refused), (True, ()))

    def test_cargo_builds_a_project_and_gets_no_other_crate(self) -> None:
        """The Cargo.lock was committed; one that names another crate is refused, with the reason."""
        project = self.project(maturin_sdist())
        (self.folder / "Cargo.lock").write_text(cargo_lock("shout", "1.0.0", (GREET, WORDS)))
        build = ("cargo", "build", "--locked", "--manifest-path", project / "Cargo.toml")
        done = self.behind(*build, locks=("Cargo.lock",))
        self.assertEqual(done.status, 0, done.said)
        program = subprocess.run([project / "target" / "debug" / "shout"], capture_output=True, timeout=60, check=True)
        self.assertEqual(program.stdout, b"hello from made_greet\n")

    def test_cargo_gets_no_crate_that_is_not_pinned(self) -> None:
        """It shows the reason."""
        project = self.project(maturin_sdist(lock=None))
        (self.folder / "Cargo.lock").write_text(cargo_lock("other", "1.0.0", (WORDS,)))
        done = self.behind("cargo", "build", "--manifest-path", project / "Cargo.toml", locks=("Cargo.lock",))
        self.assertNotEqual(done.status, 0, done.said)
        self.assertIn("made_greet", done.said)
        self.assertIn("is not admitted by lock", done.said)
        self.assertEqual(self.registry.asked(GREET.filename), [])

    def project(self, sdist: Distribution) -> Path:
        """Unpack an sdist; its folder."""
        archive = self.folder / sdist.filename
        archive.write_bytes(sdist.content)
        subprocess.run(["tar", "-xf", archive, "-C", self.folder], timeout=60, check=True)
        return self.folder / sdist.filename.removesuffix(".tar.gz")
