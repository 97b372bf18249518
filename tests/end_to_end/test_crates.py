"""Sdists that need Rust are built by real clients, from the address of a lock alone."""

from __future__ import annotations

import sys
import tarfile

import pytest

from tests.cli.test_run_sealed import skip_if_forbidden
from tests.end_to_end.clients import Done, environment
from tests.end_to_end.rust_case import RustCase
from tests.fake_upstream.faults import WrongBytes
from tests.rust_sdists import GREET, WORDS

pytestmark = pytest.mark.clients

NAMES = ("shout", "whisper")


class SealedBuildTests(RustCase):
    """``reqpi run --seal``: a build reaches the index of its lock, and no registry."""

    def setUp(self) -> None:
        skip_if_forbidden()
        super().setUp()
        self.lock(self.shout, self.whisper)

    def pip(self, *names: str) -> Done:
        python = environment("pip", "pip") / "python"
        install = (python, "-m", "pip", "install", "--no-cache-dir", "--no-deps", "--target", "target")
        return self.reqpi("run", "--seal", "requirements.txt", "--", *install, "--no-binary", ",".join(NAMES), *names)

    def uv(self, *names: str) -> Done:
        uv = environment("uv", "uv") / "uv"
        install = (uv, "pip", "install", "--no-cache", "--no-deps", "--python", sys.executable, "--target", "target")
        words = [word for name in NAMES for word in ("--no-binary", name)]
        return self.reqpi("run", "--seal", "requirements.txt", "--", *install, *words, *names, UV_HTTP_RETRIES="0")

    def test_pip_builds_with_maturin_and_with_setuptools_rust(self) -> None:
        self.assert_installed(self.pip(*NAMES))

    def test_uv_builds_with_maturin_and_with_setuptools_rust(self) -> None:
        self.assert_installed(self.uv(*NAMES))

    def test_a_crate_that_the_registry_lacks_is_named(self) -> None:
        self.registry.remove_crate(WORDS)
        for done in (self.pip("shout"), self.uv("shout")):
            self.assertNotEqual(done.status, 0)
            self.assertIn("made-words", done.said)

    def test_a_crate_with_one_other_byte_is_named(self) -> None:
        self.registry.fail(GREET.filename, WrongBytes())
        for done in (self.pip("shout"), self.uv("shout")):
            self.assertNotEqual(done.status, 0)
            self.assertIn("made_greet", done.said)


class WheelhouseTests(RustCase):
    """``reqpi wheelhouse --build`` compiles through the address."""

    def test_the_wheel_of_a_rust_sdist_is_in_the_archive(self) -> None:
        lock = self.lock(self.shout)
        done = self.reqpi("wheelhouse", lock, "-o", "a.tar", "--build")
        self.assertEqual(done.status, 0, done.said)
        self.assertIn("1 wheel built", done.said)
        with tarfile.open(self.folder / "a.tar") as archive:
            [wheel] = [name for name in archive.getnames() if name.startswith("wheelhouse/shout-1.0-")]
        self.assertIn(".whl", wheel)
        self.assertTrue(self.registry.asked(WORDS.filename))
