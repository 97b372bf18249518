"""Building from source behind an address: what a build asks for comes from there too."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
from hashlib import sha256
from pathlib import Path

import pytest

from tests.core.metadata.test_pkg_info import a_tar
from tests.end_to_end.case import EndToEnd
from tests.end_to_end.clients import Done, environment, run
from tests.end_to_end.server import ROOT
from tests.fake_upstream import Distribution

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


class WheelhouseTests(EndToEnd):
    """``reqpi wheelhouse --build``: what is only an sdist becomes a wheel, through the lock's own address."""

    def setUp(self) -> None:
        super().setUp()
        self.upstream.wheel("needing", "1.0", tag="cp20-cp20-win_amd64")
        self.upstream.sdist("needing", "1.0", build_requires=["builder>=2"])
        self.upstream.wheel("builder", "2.0")
        self.upstream.sdist("elsewhere", "1.0", build_requires=["nothing"])

    def wheelhouse(self, lock: str, *options: str) -> subprocess.CompletedProcess[str]:
        (self.folder / "requirements.txt").write_text(lock)
        command = [sys.executable, "-m", "reqpi", "wheelhouse", "requirements.txt", "-o", "a.tar", "--build"]
        return subprocess.run(
            [*command, "--url", self.server.url, *options], cwd=self.folder, text=True, timeout=240, check=False,
            capture_output=True, env=os.environ | {"PYTHONPATH": str(ROOT), "PIP_INDEX_URL": "http://127.0.0.1:1/"},
        )  # fmt: skip

    def test_what_is_built_is_in_the_archive_and_installs_without_its_sdist(self) -> None:
        """The same bytes twice; what fits, or is for another system, is not built."""
        lock = (
            "needing==1.0  # why\nbuilder==2.0\nsource==3.0\ntop==1.0\nmid==1.5\n"
            'elsewhere==1.0 ; sys_platform == "win32"\n'
        )
        done = self.wheelhouse(lock)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("reqpi: 2 wheels built\n", done.stderr)
        first = (self.folder / "a.tar").read_bytes()
        self.assertEqual(done.stdout, f"{sha256(first).hexdigest()}  a.tar\n")
        with tarfile.open(self.folder / "a.tar") as archive:
            archive.extractall(self.folder, filter="data")
        bundle = self.folder / "wheelhouse"
        names = {path.name for path in bundle.iterdir()}
        self.assertLess({"needing-1.0-py3-none-any.whl", "source-3.0-py3-none-any.whl", "needing-1.0.tar.gz"}, names)
        checked = subprocess.run(["sha256sum", "--check", "--strict", "SHA256SUMS"], cwd=bundle, check=False,
                                 capture_output=True, text=True)  # fmt: skip
        self.assertEqual((checked.returncode, checked.stdout.count(": OK")), (0, len(names) - 1), checked.stderr)
        pip = environment("pip", "pip") / "python"
        install = [pip, "-m", "pip", "install", "--target", self.target, "--no-index", "--find-links", bundle]
        wheels = [*install, "--only-binary", ":all:", "--require-hashes", "-r", bundle / "requirements.txt"]
        done_too = run(wheels, self.folder, {"PIP_CONFIG_FILE": "/dev/null"})
        self.assertEqual(done_too.status, 0, done_too.said)
        self.assertLess({"needing.py", "source.py", "top.py"}, {path.name for path in self.target.glob("*.py")})
        self.assertEqual(self.wheelhouse(lock).returncode, 0)
        self.assertEqual((self.folder / "a.tar").read_bytes(), first)

    @property
    def target(self) -> Path:
        return self.folder / "target"

    def test_the_requirements_of_the_archive_leave_out_what_only_builds(self) -> None:
        """By the name of their document; their files stay in the archive."""
        (self.folder / "requirements-build.txt").write_text("builder==2.0\n")
        done = self.wheelhouse("needing==1.0  # why\n", "requirements-build.txt")
        self.assertEqual(done.returncode, 0, done.stderr)
        with tarfile.open(self.folder / "a.tar") as archive:
            archive.extractall(self.folder, filter="data")
        self.assertTrue((self.folder / "wheelhouse" / "builder-2.0-py3-none-any.whl").exists())
        said = (self.folder / "wheelhouse" / "requirements.txt").read_text()
        self.assertIn("needing==1.0", said)
        self.assertNotIn("builder", said)
        pip = environment("pip", "pip") / "python"
        install = [pip, "-m", "pip", "install", "--target", self.target, "--no-index", "--find-links", "wheelhouse"]
        done_too = run([*install, "--only-binary", ":all:", "--require-hashes", "-r", "wheelhouse/requirements.txt"],
                       self.folder, {"PIP_CONFIG_FILE": "/dev/null"})  # fmt: skip
        self.assertEqual(done_too.status, 0, done_too.said)
        self.assertEqual({path.name for path in self.target.glob("*.py")}, {"needing.py"})

    def test_what_is_lacking_is_named(self) -> None:
        done = self.wheelhouse("needing==1.0\n")
        self.assertEqual((done.returncode, done.stdout), (7, ""), done.stderr)
        self.assertIn("reqpi: needing-1.0.tar.gz could not be built\n", done.stderr)
        self.assertIn("\nbuilder>=2  # needing-1.0.tar.gz\n", done.stderr)
        self.assertFalse(list(self.folder.glob("*.tar")))

    def test_an_sdist_that_cannot_be_built(self) -> None:
        """Its build says why."""
        project = b'[build-system]\nrequires = []\nbuild-backend = "broken"\nbackend-path = ["."]\n'
        broken = a_tar(("broken-1.0/pyproject.toml", project), ("broken-1.0/broken.py", b"raise SystemExit('no cake')"))
        self.upstream.add(Distribution("broken-1.0.tar.gz", broken))
        done = self.wheelhouse("broken==1.0\n")
        self.assertEqual((done.returncode, done.stdout), (8, ""), done.stderr)
        self.assertIn("no cake", done.stderr)

    def test_a_python_that_is_none(self) -> None:
        for python, words in (
            ("nowhere", "nowhere cannot be run"),
            ("false", "false cannot make an environment to build in"),
        ):
            done = self.wheelhouse("source==3.0\n", "--python", python)
            self.assertEqual((done.returncode, done.stdout), (2, ""), done.stderr)
            self.assertIn(words, done.stderr)
