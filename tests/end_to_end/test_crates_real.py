"""A pyo3 module is built from real crates, which an address serves, in a sealed run.

The crates are those of Debian's ``librust-*-dev`` packages: pyo3 0.17 with what it requires. They are not installed for
this test. ``REQPI_TEST_CRATES`` names their folder, ``/usr/share/cargo/registry``; without it the test is skipped.
"""

from __future__ import annotations

import os
import re
import sys
import time
from pathlib import Path

import pytest
from attrs import evolve
from twisted.trial.unittest import SkipTest

from reqpi.core.crates.crate_archive import crate_files
from reqpi.core.crates.local_registry import index_line, read_manifest
from reqpi.core.crates.model import Crate
from tests.cli.test_run_sealed import skip_if_forbidden
from tests.crates_registry import MadeCrate, crate_of_members
from tests.end_to_end.clients import environment, run
from tests.end_to_end.rust_case import RustCase
from tests.fake_upstream import Distribution
from tests.fake_upstream.distributions import sdist_of_files

pytestmark = pytest.mark.clients

_NAMED = re.compile(r"(.+?)-([0-9]+\.[0-9]+\.[0-9]+.*)")

CARGO_TOML = """\
[package]
name = "own_words"
version = "1.0.0"
edition = "2021"

[lib]
name = "own_words"
crate-type = ["cdylib"]

[dependencies]
pyo3 = { version = "0.17", features = ["extension-module"] }
"""

LIB_RS = """\
use pyo3::prelude::*;

#[pyfunction]
fn say() -> String { "hello from Rust".to_string() }

#[pymodule]
fn own_words(_python: Python<'_>, module: &PyModule) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(say, module)?)?;
    Ok(())
}
"""

PYPROJECT = """\
[build-system]
requires = ["maturin>=1,<2"]
build-backend = "maturin"

[project]
name = "own_words"
version = "1.0"

[tool.maturin]
bindings = "pyo3"
"""


def crates_of_debian() -> list[MadeCrate]:
    """Return the crates of a folder, packed again.

    :raises SkipTest: no folder is named.
    """
    folder = os.environ.get("REQPI_TEST_CRATES")
    if not folder:
        raise SkipTest("REQPI_TEST_CRATES names no folder of crates")
    return [_packed(path) for path in sorted(Path(folder).iterdir()) if path.is_dir()]


def _packed(folder: Path) -> MadeCrate:
    """Pack a folder as a crate. A registry makes its line of the index from the Cargo.toml, and so does this."""
    found = _NAMED.fullmatch(folder.name)
    assert found
    skipped = {folder / ".cargo-checksum.json"}
    paths = [path for path in sorted(folder.rglob("*")) if path.is_file() and path not in skipped]
    members = [(f"{folder.name}/{path.relative_to(folder).as_posix()}", path.read_bytes()) for path in paths]
    made = MadeCrate(found[1], found[2], crate_of_members(*members))
    crate = Crate(made.name, made.version, made.sha256)
    return evolve(made, given=index_line(read_manifest(crate_files(made.content, crate), crate), crate))


class RealCratesTests(RustCase):
    """An sdist with a module in Rust, and the Cargo.lock that cargo has made for it."""

    def setUp(self) -> None:
        skip_if_forbidden()
        self.crates = crates_of_debian()
        super().setUp()
        for crate in self.crates:
            self.registry.add_crate(crate)

    def cargo_lock(self) -> bytes:
        """Have cargo make the Cargo.lock, from the registry itself."""
        project, home = self.folder / "project", self.folder / "cargo-home"
        (project / "src").mkdir(parents=True)
        home.mkdir()
        (project / "Cargo.toml").write_text(CARGO_TOML)
        (project / "src" / "lib.rs").write_text(LIB_RS)
        config = f'[source.crates-io]\nreplace-with = "r"\n[source.r]\nregistry = "sparse+{self.registry.url}"\n'
        (home / "config.toml").write_text(config)
        done = run(["cargo", "generate-lockfile"], project, self.rust | {"CARGO_HOME": str(home)})
        self.assertEqual(done.status, 0, done.said)
        return (project / "Cargo.lock").read_bytes()

    @pytest.mark.figures
    def test_a_module_of_pyo3_is_built_and_imported(self) -> None:
        lock = self.cargo_lock()
        files = {"pyproject.toml": PYPROJECT, "Cargo.toml": CARGO_TOML, "src/lib.rs": LIB_RS}
        content = sdist_of_files("own_words", "1.0", {**{n: t.encode() for n, t in files.items()}, "Cargo.lock": lock})
        sdist = self.upstream.add(Distribution("own_words-1.0.tar.gz", content))
        self.lock(sdist)
        self.registry.forget()
        python = environment("pip", "pip") / "python"
        install = [python, "-m", "pip", "install", "--no-cache-dir", "--no-deps", "--target", "target"]
        began = time.monotonic()
        done = self.reqpi("run", "--seal", "requirements.txt", "--", *install, "own_words")
        took = time.monotonic() - began
        self.assertEqual(done.status, 0, done.said)
        said = run([sys.executable, "-c", "import own_words; print(own_words.say())"], self.folder / "target", {})
        self.assertEqual(said.said, "hello from Rust\n")
        fetched = [request.path for request in self.registry.asked(".crate")]
        size = sum(len(crate.content) for crate in self.crates)
        print(f"{lock.count(b'checksum')} crates pinned, {len(fetched)} fetched, of {size >> 10} KiB in the registry")
        print(f"{took:.1f} s for reqpi run --seal pip install")
