"""The hooks for pre-commit, with pre-commit, in a repository made here."""

from __future__ import annotations

import subprocess
from pathlib import Path
from shutil import copy, copytree, ignore_patterns, which
from tempfile import TemporaryDirectory

import pytest
from twisted.trial.unittest import SkipTest, SynchronousTestCase

from reqpi.core.export.learned_lock import MARK
from tests.end_to_end.clients import Done, environment, run
from tests.end_to_end.server import ROOT
from tests.fake_upstream import Upstream

pytestmark = pytest.mark.clients

CONFIG = """\
repos:
- repo: {hooks}
  rev: {revision}
  hooks:
  - id: reqpi-check
  - id: reqpi-build-requirements
"""


class HooksTests(SynchronousTestCase):
    """A project whose lock has an sdist, ``needing``, that is built with ``builder``."""

    def setUp(self) -> None:
        if which("git") is None:
            raise SkipTest("there is no git here")
        folder = TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.upstream = Upstream()
        self.addCleanup(self.upstream.close)
        self.upstream.sdist("needing", "1.0", build_requires=["builder"])
        self.builder = self.upstream.wheel("builder", "2.0")
        self.project = self.repository("project")
        (self.project / "requirements.txt").write_text("needing==1.0\n")
        hooks = self.hooks()
        config = CONFIG.format(hooks=hooks, revision=self.git(hooks, "rev-parse", "HEAD").strip())
        (self.project / ".pre-commit-config.yaml").write_text(config)
        self.git(self.project, "add", ".")

    def repository(self, name: str) -> Path:
        place = self.folder / name
        place.mkdir()
        self.git(place, "init", "--quiet")
        return place

    def hooks(self) -> Path:
        """This checkout as a repository, whether or not it is one."""
        place = self.repository("hooks")
        for name in (".pre-commit-hooks.yaml", "pyproject.toml", "setup.py", "MANIFEST.in", "README.md", "LICENSE"):
            copy(ROOT / name, place / name)
        for name in ("reqpi", "twisted"):
            copytree(ROOT / name, place / name, ignore=ignore_patterns("__pycache__"))
        self.git(place, "add", ".")
        self.git(place, "-c", "user.name=t", "-c", "user.email=t@example.org", "commit", "--quiet", "--message", "all")
        return place

    def git(self, place: Path, *words: str) -> str:
        clean = {"PATH": "/usr/bin:/bin:/usr/local/bin", "HOME": str(self.folder)}
        return subprocess.run(["git", *words], cwd=place, env=clean, check=True, capture_output=True, text=True).stdout

    def run_hooks(self, *words: str) -> Done:
        command = [environment("pre-commit", "pre-commit") / "pre-commit", "run", "--all-files", *words]
        store = {"REQPI_STORE": str(self.folder / "store"), "REQPI_UPSTREAM": self.upstream.url}
        environ = {"HOME": str(self.folder), "PRE_COMMIT_HOME": str(self.folder / "pre-commit"), **store}
        return run(command, self.project, environ, limit=600)

    def test_build_requirements_come_into_step_and_stay_there_and_defects_are_shown(self) -> None:
        """The first run writes, and says so by failing; the next one finds nothing to do."""
        done = self.run_hooks("reqpi-build-requirements")
        self.assertEqual(done.status, 1, done.said)
        build = self.project / "requirements-build.txt"
        lines = f"builder==2.0 \\\n    --hash=sha256:{self.builder.sha256}\n"
        self.assertEqual(build.read_text(), f"{MARK}\n{lines}")
        self.git(self.project, "add", ".")
        before = build.stat().st_mtime_ns
        done = self.run_hooks()
        self.assertEqual((done.status, build.stat().st_mtime_ns), (0, before), done.said)
        (self.project / "sub").mkdir()
        (self.project / "sub" / "requirements-dev.txt").write_text("six\nidna>=3\n")
        (self.project / "requirements.txt").write_text("needing\n")
        self.git(self.project, "add", ".")
        done = self.run_hooks("reqpi-check")
        self.assertEqual(done.status, 1, done.said)
        for defect in ("requirements.txt:1: ", "sub/requirements-dev.txt:1: ", "sub/requirements-dev.txt:2: "):
            self.assertIn(f"\n{defect}", done.said)
