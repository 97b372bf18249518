"""Crates next to fetched files: a build in a namespace without a network, in both layouts, and cargo's own result."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from tests.cli.test_run_sealed import skip_if_forbidden
from tests.crates_registry import build_crate
from tests.end_to_end.clients import Done, environment, run
from tests.end_to_end.rust_case import RustCase
from tests.fake_upstream.faults import WrongBytes
from tests.rust_sdists import GREET, WORDS, cargo_lock, maturin_sdist

pytestmark = pytest.mark.clients

ASKED = {
    "type": "pip",
    "requirements_build_files": ["requirements-build.txt"],
    "binary": {"packages": "maturin,setuptools,setuptools-rust,semantic-version"},
}


class OfflineCase(RustCase):
    """A project with two Rust sdists, whose build requirements are wheels."""

    def setUp(self) -> None:
        super().setUp()
        self.out = self.folder / "out"

    def source(self) -> None:
        self.lock(self.shout, self.whisper, name="src/requirements.txt", build=())
        self.lock(name="src/requirements-build.txt")
        (self.folder / "src" / "pyproject.toml").write_text('[project]\nname = "own"\nversion = "1.0"\n')

    def fetch_source(self, *options: str) -> Done:
        words = ["fetch", "--source", "src", "--output", "out", "--mode", "permissive", json.dumps(ASKED)]
        return self.reqpi(*words, *options)

    def install_offline(self, folder: Path) -> Done:
        """Build and install from a folder, in a namespace whose only network is an unused loopback."""
        done = self.reqpi("env", folder, "-o", self.folder / "own.env")
        self.assertEqual(done.status, 0, done.said)
        python = environment("pip", "pip") / "python"
        install = f"{python} -m pip install --no-cache-dir --no-deps --upgrade --target target shout whisper"
        command = ["unshare", "--map-root-user", "--net", "sh", "-c", f". ./own.env && exec {install}"]
        return run(command, self.folder, self.rust, limit=600)

    def crates(self) -> set[str]:
        return {path.name for path in (self.out / "deps" / "cargo").iterdir()}


class OfflineBuildTests(OfflineCase):
    """``fetch``, ``env``, ``inject``, and a build without a network."""

    def setUp(self) -> None:
        skip_if_forbidden()
        super().setUp()

    def test_the_layout_of_hermeto_builds_without_a_network(self) -> None:
        self.source()
        done = self.fetch_source()
        self.assertEqual(done.status, 0, done.said)
        self.assertEqual(self.crates(), {"made_greet-0.3.1", "made-words-1.0.2"})
        done = self.reqpi("inject", "out", "--source", "src", "--for-output-dir", self.out)
        self.assertEqual(done.status, 0, done.said)
        self.assert_installed(self.install_offline(self.out))

    def test_a_local_registry_builds_without_a_network(self) -> None:
        """From a lock, with all files of every platform."""
        lock = self.lock(self.shout, self.whisper)
        done = self.reqpi("fetch", "--crates-layout", "local-registry", "-o", "out", lock)
        self.assertEqual(done.status, 0, done.said)
        self.assertIn("2 crates", done.said)
        self.assertEqual(self.crates(), {GREET.filename, WORDS.filename, "index"})
        moved = self.out.rename(self.folder / "elsewhere")
        self.assert_installed(self.install_offline(moved))


class FetchTests(OfflineCase):
    """Which crates are fetched, and which are refused."""

    def test_the_result_is_that_of_cargo_vendor(self) -> None:
        """Hermeto runs it: the same files, and the same digests."""
        extra = {"deep/data.bin": bytes(range(256)), ".gitignore": b"target\n", "Cargo.toml.orig": b"[package]\n"}
        words = build_crate("made-words", "1.0.2", files=extra)
        self.registry.add_crate(words)
        crates = (GREET, words)
        lock = self.lock(self.upstream.add(maturin_sdist(crates=crates)), build=())
        done = self.reqpi("fetch", "-o", "out", lock)
        self.assertEqual(done.status, 0, done.said)
        vendored = self.vendored(cargo_lock("shout", "1.0.0", crates))
        self.assertEqual(_content(self.out / "deps" / "cargo"), _content(vendored))

    def vendored(self, lock: str) -> Path:
        """Run ``cargo vendor`` as Hermeto does."""
        project = self.folder / "project"
        (project / "src").mkdir(parents=True)
        (project / "src" / "main.rs").write_text("fn main() {}\n")
        manifest = '[package]\nname = "shout"\nversion = "1.0.0"\n\n[dependencies]\nmade_greet = "0.3.1"\n'
        (project / "Cargo.toml").write_text(manifest)
        (project / "Cargo.lock").write_text(lock)
        home = self.folder / "cargo-home"
        home.mkdir()
        config = f'[source.crates-io]\nreplace-with = "r"\n[source.r]\nregistry = "sparse+{self.registry.url}"\n'
        (home / "config.toml").write_text(config)
        command = ["cargo", "vendor", "--locked", "--versioned-dirs", "--respect-source-config", "vendor"]
        done = run(command, project, self.rust | {"CARGO_HOME": str(home)})
        self.assertEqual(done.status, 0, done.said)
        return project / "vendor"

    def test_the_sbom_lists_the_crates_as_hermeto_does(self) -> None:
        """By purl, with the backend, and needed by the sdist."""
        self.source()
        done = self.fetch_source()
        self.assertEqual(done.status, 0, done.said)
        document = json.loads((self.out / "bom.json").read_text())
        purls = {
            crate.name: f"pkg:cargo/{crate.name}@{crate.version}?checksum={crate.sha256}" for crate in (GREET, WORDS)
        }
        components = {each["purl"]: each for each in document["components"]}
        self.assertLess(set(purls.values()), components.keys())
        needs = {each["ref"]: set(each.get("dependsOn", ())) for each in document["dependencies"]}
        for sdist in ("pkg:pypi/shout@1.0", "pkg:pypi/whisper@2.0"):
            self.assertIn(purls["made_greet"], needs[sdist])
        self.assertEqual(needs[purls["made_greet"]], {purls["made-words"]})
        self.assertIn("hermeto:backend:cargo", json.dumps(document))

    def test_a_crate_with_other_bytes_is_named_and_nothing_is_left(self) -> None:
        self.registry.fail(GREET.filename, WrongBytes())
        done = self.reqpi("fetch", "-o", "out", self.lock(self.shout, build=()))
        self.assertEqual(done.status, 3, done.said)
        self.assertIn(GREET.filename, done.said)
        self.assertFalse((self.out / ".cargo").exists() or (self.out / "deps").exists())

    def test_an_sdist_without_a_cargo_lock_is_an_error_that_says_what_to_commit(self) -> None:
        bare = self.upstream.add(maturin_sdist("bare", "1.0", lock=None))
        done = self.reqpi("fetch", "-o", "out", self.lock(bare, build=()))
        self.assertEqual(done.status, 20, done.said)
        self.assertIn("bare-1.0.tar.gz: it needs Rust and has no Cargo.lock", done.said)
        self.assertIn("reqpi gethash requirements.txt Cargo.lock", done.said)

    def test_a_committed_cargo_lock_serves_an_sdist_that_has_none(self) -> None:
        bare = self.upstream.add(maturin_sdist("bare", "1.0", lock=None))
        (self.folder / "Cargo.lock").write_text(cargo_lock("bare", "1.0.0"))
        done = self.reqpi("fetch", "-o", "out", self.lock(bare, build=()), "Cargo.lock")
        self.assertEqual(done.status, 0, done.said)
        self.assertEqual(self.crates(), {"made_greet-0.3.1", "made-words-1.0.2"})

    def test_an_sdist_whose_target_has_a_wheel_blocks_nothing(self) -> None:
        bare = self.upstream.add(maturin_sdist("bare", "1.0", lock=None))
        wheel = self.upstream.wheel("bare", "1.0")
        lock = self.lock(bare, build=())
        lock.write_text(f"{lock.read_text().strip()} --hash=sha256:{wheel.sha256}\n")
        done = self.reqpi("fetch", "-o", "out", lock)
        self.assertEqual(done.status, 0, done.said)
        self.assertIn("bare-1.0.tar.gz cannot be built without a network", done.said)


def _content(folder: Path) -> dict[str, str]:
    """Return the digest of each file below a folder; the checksums of cargo as they are."""
    found = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            name = path.relative_to(folder).as_posix()
            data = path.read_bytes()
            said = json.dumps(json.loads(data), sort_keys=True) if path.name == ".cargo-checksum.json" else ""
            found[name] = said or hashlib.sha256(data).hexdigest()
    return found
