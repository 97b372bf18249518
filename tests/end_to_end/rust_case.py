"""Sdists that need Rust, on an index and a registry of loopback, for clients and build tools that are real."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from shutil import which
from tempfile import TemporaryDirectory

import pytest
from twisted.trial.unittest import SkipTest, SynchronousTestCase

from tests.crates_registry import SparseRegistry
from tests.end_to_end.clients import CACHE, Done, making, run
from tests.end_to_end.server import ROOT
from tests.fake_upstream import Distribution, Upstream
from tests.rust_sdists import GREET, MATURIN, SETUPTOOLS, SETUPTOOLS_RUST, WORDS, maturin_sdist, setuptools_rust_sdist

__all__ = ["BUILD", "RustCase", "real_wheels", "rust_environment"]

BUILD = (MATURIN, SETUPTOOLS, SETUPTOOLS_RUST, "semantic-version==2.10.0")
"""The build requirements of the sdists, with what they require."""

_LIMIT = 600.0


def real_wheels(*requirements: str) -> list[Path]:
    """Return the wheels of these requirements, downloaded once from wherever pip on this machine installs from."""
    place = CACHE / f"wheels-{sha256(repr(requirements).encode()).hexdigest()[:16]}"
    made = place / "made"
    with making(place):
        if not made.exists():
            place.mkdir(exist_ok=True)
            download = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:"]
            command = [*download, "--dest", str(place), *requirements]
            subprocess.run(command, check=True, timeout=_LIMIT, stdin=subprocess.DEVNULL)
            made.touch()
    return sorted(place.glob("*.whl"))


def rust_environment() -> dict[str, str]:
    """Return the variables with which a client that has another home finds the compiler.

    :raises SkipTest: there is none here.
    """
    if which("cargo") is None or which("rustc") is None:
        raise SkipTest("there is no cargo here")
    place = Path(os.environ.get("RUSTUP_HOME") or Path("~/.rustup").expanduser())
    return {"RUSTUP_HOME": str(place)} if place.is_dir() else {}


@pytest.mark.processes
class RustCase(SynchronousTestCase):
    """An index with two sdists and what builds them, and a registry with their crates."""

    def setUp(self) -> None:
        self.rust = rust_environment()
        folder = TemporaryDirectory(ignore_cleanup_errors=True)
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.upstream = Upstream()
        self.addCleanup(self.upstream.close)
        self.registry = SparseRegistry(GREET, WORDS)
        self.addCleanup(self.registry.close)
        for wheel in real_wheels(*BUILD):
            self.upstream.add(Distribution(wheel.name, wheel.read_bytes()))
        self.shout = self.upstream.add(maturin_sdist())
        self.whisper = self.upstream.add(setuptools_rust_sdist())

    def lock(self, *sdists: Distribution, name: str = "requirements.txt", build: Sequence[str] = BUILD) -> Path:
        """Write a lock of some sdists, each with its digest, and of the build requirements."""
        pins = [f"{_pin(each)} --hash=sha256:{each.sha256}" for each in sdists]
        digests = {_pin_of_wheel(file.filename): file.sha256 for file in self._wheels()}
        pins += [f"{each} --hash=sha256:{digests[each]}" for each in build]
        place = self.folder / name
        place.parent.mkdir(exist_ok=True)
        place.write_text("\n".join(pins) + "\n")
        return place

    def reqpi(self, *words: object, **environ: str) -> Done:
        """Run ReqPI, with a server inside its process."""
        own = {
            "PYTHONPATH": str(ROOT),
            "REQPI_STORE": str(self.folder / "store"),
            "REQPI_UPSTREAM": self.upstream.url,
            "REQPI_CRATES": self.registry.url,
        }
        command = [sys.executable, "-m", "reqpi", *words]
        done = run(command, self.folder, own | self.rust | environ, limit=_LIMIT)
        self.assertNotIn("Traceback", done.said.replace('Traceback (most recent call last):\n  File "<string>"', ""))
        return done

    def says(self, program: str) -> str:
        """Return what an installed program prints."""
        command = [self.folder / "target" / "bin" / program]
        return subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout

    def assert_installed(self, done: Done) -> None:
        self.assertEqual(done.status, 0, done.said)
        self.assertEqual({self.says("shout"), self.says("whisper")}, {"hello from made_greet\n"})

    def _wheels(self) -> list[Distribution]:
        return [Distribution(path.name, path.read_bytes()) for path in real_wheels(*BUILD)]


def _pin(sdist: Distribution) -> str:
    name, _, version = sdist.filename.removesuffix(".tar.gz").rpartition("-")
    return f"{name}=={version}"


def _pin_of_wheel(filename: str) -> str:
    name, version, *_ = filename.split("-")
    return f"{name.replace('_', '-')}=={version}"
