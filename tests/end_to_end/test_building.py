"""Building from source behind an address: what a build asks for comes from there too."""

from __future__ import annotations

import sys

import pytest

from tests.end_to_end.case import EndToEnd
from tests.end_to_end.clients import Done, environment, run
from tests.end_to_end.server import ROOT

pytestmark = pytest.mark.clients


class BuildingTests(EndToEnd):
    """``--no-binary :all:`` shows sdists alone; their build requirements are a document beside it."""

    def setUp(self) -> None:
        super().setUp()
        self.upstream.wheel("needing", "1.0")
        self.upstream.sdist("needing", "1.0", build_requires=["builder"])
        self.upstream.wheel("builder", "2.0")
        self.upstream.wheel("builder", "3.0")
        self.target = self.folder / "target"

    def index_of(self, *names: str) -> str:
        command = [sys.executable, "-m", "reqpi", "gethash", "--url", self.server.url, *names]
        done = run(command, self.folder, {"PYTHONPATH": str(ROOT)})
        self.assertEqual(done.status, 0, done.said)
        return done.said.splitlines()[-1]

    def built(self, index: str) -> Done:
        python = environment("pip", "pip") / "python"
        install = [python, "-m", "pip", "install", "--no-cache-dir", "--target", self.target, "--index-url", index]
        return run([*install, "needing"], self.folder, {"PIP_CONFIG_FILE": "/dev/null"})

    def test_build_requirements_that_are_committed_beside_it_make_it_succeed(self) -> None:
        (self.folder / "requirements.txt").write_text("--no-binary :all:\nneeding==1.0\n")
        (self.folder / "requirements-build.txt").write_text("builder==2.0\n")
        index = self.index_of("requirements.txt", "requirements-build.txt")
        page = self.get(f"{index}needing/")[1]
        self.assertIn(b"needing-1.0.tar.gz", page)
        self.assertNotIn(b".whl", page)
        done = self.built(index)
        self.assertEqual(done.status, 0, done.said)
        self.assertEqual(self.refused(index), set())
        self.assertTrue(self.upstream.asked("builder-2.0"))
        self.assertFalse(self.upstream.asked("builder-3.0"))

    def test_without_them_it_fails_and_they_are_named(self) -> None:
        (self.folder / "requirements.txt").write_text("--no-binary :all:\nneeding==1.0\n")
        index = self.index_of("requirements.txt")
        self.assertNotEqual(self.built(index).status, 0)
        self.assertEqual(self.refused(index), {"builder"})
