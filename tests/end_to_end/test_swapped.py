"""A build requirement that is swapped upstream: what builds an sdist is held to the lock, for every client."""

from __future__ import annotations

from hashlib import sha256

import pytest

from tests.core.metadata.test_pkg_info import a_tar
from tests.end_to_end.case import EndToEnd
from tests.end_to_end.clients import Done, environment, run
from tests.fake_upstream import Distribution
from tests.fake_upstream.distributions import build_wheel, core_metadata

pytestmark = pytest.mark.clients

PROJECT = b'[build-system]\nrequires = ["builder"]\nbuild-backend = "backend"\nbackend-path = ["."]\n'
BACKEND = b'''\
"""Build, and write down who built."""

import os
from pathlib import Path
from shutil import copy

import builder


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    Path(os.environ["WITNESS"]).write_text(builder.WORD)
    [wheel] = Path(__file__).parent.glob("*.whl")
    copy(wheel, wheel_directory)
    return wheel.name
'''


class SwappedTests(EndToEnd):
    """The lock has every digest; its sdist is built with ``builder``, of which upstream has other bytes later."""

    def setUp(self) -> None:
        super().setUp()
        self.sdist = a_tar(
            ("needing-1.0/PKG-INFO", core_metadata("needing", "1.0")),
            ("needing-1.0/pyproject.toml", PROJECT),
            ("needing-1.0/backend.py", BACKEND),
            ("needing-1.0/needing-1.0-py3-none-any.whl", build_wheel("needing", "1.0")),
        )
        self.upstream.add(Distribution("needing-1.0.tar.gz", self.sdist))
        builder = self.upstream.wheel("builder", "2.0", files={"builder.py": b'WORD = "the real one"\n'})
        self.lock = "".join(
            f"{name} --hash=sha256:{sha256(content).hexdigest()}\n"
            for name, content in (("needing==1.0", self.sdist), ("builder==2.0", builder.content))
        )
        self.witness = self.folder / "witness"

    def swap(self) -> None:
        """Have upstream list and serve other bytes under the same name, with a digest that is right for them."""
        self.upstream.wheel("builder", "2.0", files={"builder.py": b'WORD = "another"\n'})

    def pip(self, index: str) -> Done:
        """Install the sdist as strictly as pip can."""
        (self.folder / "needing.txt").write_text(self.lock.splitlines()[0] + "\n")
        python = environment("pip", "pip") / "python"
        install = [python, "-m", "pip", "install", "--no-cache-dir", "--target", self.folder / "pip"]
        strict = ["--require-hashes", "-r", "needing.txt", "--index-url", index]
        environ = {"PIP_CONFIG_FILE": "/dev/null", "WITNESS": str(self.witness)}
        return run([*install, *strict], self.folder, environ)

    def uv(self, index: str) -> Done:
        """Install the sdist as strictly as uv can."""
        (self.folder / "needing.txt").write_text(self.lock.splitlines()[0] + "\n")
        install = [environment("uv", "uv") / "uv", "--no-config", "--no-cache", "pip", "install"]
        strict = ["--target", self.folder / "uv", "--require-hashes", "-r", "needing.txt", "--default-index", index]
        return run([*install, *strict], self.folder, {"WITNESS": str(self.witness)})

    def test_without_an_address_the_digests_do_not_cover_it(self) -> None:
        """The reason for all this. Where a client learns to refuse this, the documentation has to say so."""
        self.swap()
        for client in (self.pip, self.uv):
            self.witness.unlink(missing_ok=True)
            done = client(self.upstream.url)
            self.assertEqual(done.status, 0, done.said)
            self.assertEqual(self.witness.read_text(), "another")

    def test_what_was_swapped_before_anybody_asked_builds_nothing(self) -> None:
        """The address has no file of it: the install fails, and nothing of the other bytes ran."""
        self.swap()
        index = self.committed(self.lock)
        for client in (self.pip, self.uv):
            self.assertNotEqual(client(index).status, 0)
            self.assertFalse(self.witness.exists())
        self.assertEqual(self.get(f"{index}builder/")[0].status, 410)

    def test_what_is_swapped_later_is_not_seen(self) -> None:
        """What the store has is what the lock pins, and goes on building."""
        index = self.committed(self.lock)
        self.assertEqual(self.pip(index).status, 0)
        self.swap()
        for client in (self.pip, self.uv):
            self.witness.unlink(missing_ok=True)
            done = client(index)
            self.assertEqual(done.status, 0, done.said)
            self.assertEqual(self.witness.read_text(), "the real one")
