"""A malicious server: its victim follows the documentation, with real pip. No code of the server's own runs."""

from __future__ import annotations

import os
import subprocess
import sys
from hashlib import sha256

import pytest

from tests.attacks.case import ServerCase
from tests.attacks.lying_server import LyingServer, a_listed_file
from tests.cli.process import CHECKOUT
from tests.end_to_end.clients import Done, environment, run
from tests.fake_upstream import build_sdist, build_wheel

pytestmark = pytest.mark.clients

_CLEAN = {"PIP_CONFIG_FILE": "/dev/null"}


class InstallCase(ServerCase):
    """The server's code leaves a mark where it runs."""

    def setUp(self) -> None:
        super().setUp()
        self.mark = self.folder / "mark"

    @property
    def code(self) -> bytes:
        """A line of Python that leaves the mark."""
        return f"import pathlib; pathlib.Path({str(self.mark)!r}).touch()\n".encode()

    def evil_wheel(self, project: str, version: str) -> bytes:
        """A wheel whose code runs when any Python starts that has it."""
        return build_wheel(project, version, files={f"{project}.pth": self.code, f"{project}.py": self.code})

    def run_reqpi(self, *arguments: str) -> Done:
        """Run a command as a user does, in a process of its own."""
        return run([sys.executable, "-m", "reqpi", *arguments], self.folder, _CLEAN | {"PYTHONPATH": CHECKOUT})

    def install_offline(self) -> Done:
        """Install as docs/how-to says: from the folder, without an index."""
        python = environment("pip", "pip") / "python"
        command = [python, "-m", "pip", "install", "--no-index", "--find-links", "out", "--target", "got"]
        return run([*command, "--require-hashes", "-r", "requirements.txt"], self.folder, _CLEAN)


class OfflineInstallTests(InstallCase):
    """``reqpi fetch --url``, and the offline install from the folder."""

    # Only an sdist: pip builds it, and takes the build requirements from the folder, too.
    document = b"six==1.0 --hash=sha256:" + sha256(build_sdist("six", "1.0")).hexdigest().encode() + b"\n"

    def setUp(self) -> None:
        super().setUp()
        self.sdist = build_sdist("six", "1.0", build_requires=["setuptools"])
        digest = sha256(self.sdist).hexdigest()
        self.begin(f"six==1.0 --hash=sha256:{digest}\n".encode())

    def begin(self, document: bytes) -> None:
        super().begin(document)
        self.liar.close()
        contents = {"six-1.0.tar.gz": getattr(self, "sdist", build_sdist("six", "1.0"))}
        self.liar = LyingServer(document, contents)
        self.addCleanup(self.liar.close)

    def assert_nothing_runs(self, *, named: str) -> None:
        done = self.run_reqpi(*self.command("fetch"))
        self.assertEqual((done.status, self.left()), (3, set()), done.said)
        self.assertIn(named, done.said)
        (self.folder / "out").mkdir(exist_ok=True)
        installed = self.install_offline()
        self.assertNotEqual(installed.status, 0, installed.said)
        self.assertFalse(self.mark.exists(), installed.said)

    def test_a_setuptools_that_the_lock_does_not_pin(self) -> None:
        """The server adds a build backend to the folder: pip checks no digest of a build requirement."""
        evil = self.evil_wheel("setuptools", "99.0")
        self.liar.contents["setuptools-99.0-py3-none-any.whl"] = evil
        self.liar.list_file(a_listed_file("setuptools-99.0-py3-none-any.whl", evil, "setuptools"))
        self.liar.speak()
        self.assert_nothing_runs(named="setuptools-99.0-py3-none-any.whl")

    def test_another_digest(self) -> None:
        """The server lists its own bytes under the name of the file."""
        evil = build_sdist("six", "1.0", ["evil"])
        self.liar.contents["six-1.0.tar.gz"] = evil
        self.liar.change("six", lambda file: a_listed_file(file.filename, evil, "six"))
        self.liar.speak()
        self.assert_nothing_runs(named="the lock does not admit six-1.0.tar.gz")

    def test_other_bytes(self) -> None:
        """The server lists the right digest, and sends its own bytes."""
        evil = build_sdist("six", "1.0", ["evil"])
        self.liar._at("simple/six/six-1.0.tar.gz", evil)
        self.assert_nothing_runs(named="six-1.0.tar.gz")

    def test_a_second_version(self) -> None:
        """The server adds a newer version of a pinned project."""
        evil = self.evil_wheel("six", "2.0")
        self.liar.contents["six-2.0-py3-none-any.whl"] = evil
        self.liar.list_file(a_listed_file("six-2.0-py3-none-any.whl", evil, "six"))
        self.liar.speak()
        self.assert_nothing_runs(named="six-2.0-py3-none-any.whl")

    def test_a_file_that_is_left_out(self) -> None:
        """The server leaves out the only file of a pin, and offers the project under another name."""
        self.liar.change("six", lambda file: None)
        evil = self.evil_wheel("six", "1.0")
        self.liar.contents["six-1.0-py3-none-any.whl"] = evil
        self.liar.list_file(a_listed_file("six-1.0-py3-none-any.whl", evil, "six"))
        self.liar.speak()
        self.assert_nothing_runs(named="six-1.0-py3-none-any.whl")


class BuildTests(InstallCase):
    """``reqpi wheelhouse --build --url``: builds install what the pages that they are pointed at list."""

    def wheelhouse(self, lock: bytes, contents: dict[str, bytes]) -> subprocess.CompletedProcess[str]:
        """Build what these files need, with a server that lists more on its pages than in files.json."""
        self.liar.close()
        self.liar = LyingServer(lock, contents)
        self.addCleanup(self.liar.close)
        (self.folder / "requirements.txt").write_bytes(lock)
        for name in ("hook", "builder"):
            wheel, evil = f"{name}-6.6-py3-none-any.whl", self.evil_wheel(name, "6.6")
            link = f'<a href="{wheel}#sha256={sha256(evil).hexdigest()}">{wheel}</a>'
            self.liar._at(f"simple/{name}/", link.encode(), "text/html")
            self.liar._at(f"simple/{name}/{wheel}", evil)
        return self.run_process(*self.command("wheelhouse --build"))

    def run_process(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        environ = {name: value for name, value in os.environ.items() if not name.startswith(("PIP_", "REQPI_", "UV_"))}
        command = [sys.executable, "-m", "reqpi", *arguments]
        return subprocess.run(
            command, cwd=self.folder, env=environ | _CLEAN | {"PYTHONPATH": CHECKOUT},
            capture_output=True, text=True, check=False, timeout=300,
        )  # fmt: skip

    def test_a_build_requirement_that_the_lock_does_not_pin(self) -> None:
        """The server lists a build requirement on its pages alone."""
        done = self.wheelhouse(b"six==1.0\n", {"six-1.0.tar.gz": build_sdist("six", "1.0", build_requires=["hook"])})
        self.assertEqual((done.returncode, self.left()), (8, set()), done.stderr)
        self.assertIn("six-1.0.tar.gz could not be built", done.stderr)

    def test_a_build_requirement_in_another_version(self) -> None:
        """The server lists a newer version of a pinned build requirement: the pinned one is installed."""
        for algorithm in ("sha256", "sha512"):
            contents = {
                "six-1.0.tar.gz": build_sdist("six", "1.0", build_requires=["builder"]),
                "builder-1.0-py3-none-any.whl": build_wheel("builder", "1.0"),
            }
            digests = [a_listed_file(name, data, name.partition("-")[0]).digests for name, data in contents.items()]
            hashes = [next(digest for digest in each if digest.algorithm == algorithm) for each in digests]
            lock = f"six==1.0 --hash={hashes[0]}\nbuilder==1.0 --hash={hashes[1]}\n".encode()
            done = self.wheelhouse(lock, contents)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertFalse(self.mark.exists())
            self.assertIn("1 wheel built", done.stderr)

    def test_an_sdist_that_the_lock_does_not_name(self) -> None:
        """The server lists an sdist for the command to build."""
        evil = build_sdist("six", "2.0")
        self.liar.contents["six-2.0.tar.gz"] = evil
        self.liar.list_file(a_listed_file("six-2.0.tar.gz", evil, "six"))
        self.liar.speak()
        done = self.run_process(*self.command("wheelhouse --build"))
        self.assertEqual((done.returncode, self.left()), (3, set()), done.stderr)
        self.assertIn("the lock does not admit six-2.0.tar.gz", done.stderr)
