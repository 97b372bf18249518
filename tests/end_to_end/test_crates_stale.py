"""A Cargo.lock that does not match its Cargo.toml, or is not there: what a fetch finds before the build would."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from shutil import which

import pytest

from tests.cli.test_run_sealed import skip_if_forbidden
from tests.crates_registry import MadeCrate, build_crate
from tests.end_to_end.clients import Done
from tests.end_to_end.test_crates_offline import ASKED, OfflineCase
from tests.fake_upstream import Distribution
from tests.rust_sdists import GREET, WORDS, cargo_lock, maturin_sdist, setuptools_rust_sdist

pytestmark = pytest.mark.clients

NEWER = build_crate("made-words", "1.1.0", source='pub fn words() -> &\'static str { "goodbye" }\n')
"""A release that the Cargo.lock of no sdist here names."""

ANNOTATION = "hermeto:permissive-mode:cargo:generated-lockfile"


def stale(crates: Sequence[MadeCrate] = (GREET, WORDS)) -> Distribution:
    """Return an sdist that requires a newer crate than its Cargo.lock has."""
    manifest = (
        '[package]\nname = "shout"\nversion = "1.0.0"\nedition = "2021"\n\n[dependencies]\nmade_greet = "0.3.1"\n'
        'made-words = "1.1"\n'
    )
    return maturin_sdist(lock=cargo_lock("shout", "1.0.0", crates), more={"Cargo.toml": manifest})


class StaleCase(OfflineCase):
    """A registry with a newer release of one crate."""

    def setUp(self) -> None:
        super().setUp()
        self.registry.add_crate(NEWER)

    def fetch_project(self, *sdists: Distribution, mode: str = "permissive", options: Sequence[str] = ()) -> Done:
        """Fetch for a project that needs some sdists."""
        self.lock(*sdists, name="src/requirements.txt", build=())
        self.lock(name="src/requirements-build.txt")
        (self.folder / "src" / "pyproject.toml").write_text('[project]\nname = "own"\nversion = "1.0"\n')
        if not (self.folder / "src" / ".git").exists():
            self.commit_source()
        return self.reqpi("fetch", "--source", "src", "--output", "out", "--mode", mode, json.dumps(ASKED), *options)

    def commit_source(self) -> None:
        source = self.folder / "src"
        for words in (["init", "-q"], ["add", "-A"], ["commit", "-q", "-m", "x"]):
            own = ["-c", "user.name=x", "-c", "user.email=x@example.org"]
            subprocess.run(["git", "-C", str(source), *own, *words], check=True, timeout=60)
        origin = ["remote", "add", "origin", "https://example.org/own.git"]
        subprocess.run(["git", "-C", str(source), *origin], check=True, timeout=60)


class StrictTests(StaleCase):
    """Without permission, a stale lock is an error that names the sdist, and its crate."""

    def test_a_stale_lock_is_found_before_the_build(self) -> None:
        done = self.reqpi("fetch", "-o", "out", self.lock(self.upstream.add(stale()), build=()))
        self.assertEqual(done.status, 20, done.said)
        self.assertIn("shout-1.0.tar.gz: its Cargo.lock does not match the Cargo.toml of shout", done.said)
        self.assertIn('failed to select a version for the requirement `made-words = "^1.1"`', done.said)
        self.assertIn("reqpi gethash requirements.txt Cargo.lock", done.said)
        self.assertNotIn(str(self.folder.parent), done.said.replace(str(self.folder), ""))
        self.assertFalse((self.out / ".cargo").exists())

    def test_the_message_for_a_source_names_the_permissive_mode(self) -> None:
        done = self.fetch_project(self.upstream.add(stale()), mode="strict")
        self.assertEqual(done.status, 20, done.said)
        self.assertIn("--mode permissive", done.said)

    def test_another_version_of_the_own_package_is_a_difference(self) -> None:
        sdist = self.upstream.add(maturin_sdist(lock=cargo_lock("shout", "0.9.0")))
        done = self.reqpi("fetch", "-o", "out", self.lock(sdist, build=()))
        self.assertEqual(done.status, 20, done.said)
        self.assertIn("Updating shout v0.9.0", done.said)

    def test_locks_of_every_version_that_match_are_no_difference(self) -> None:
        for form in (1, 3):
            lock = cargo_lock("shout", "1.0.0", form=form)
            sdist = self.upstream.add(maturin_sdist(version="1.0", lock=lock, more={"form.txt": str(form)}))
            done = self.reqpi("fetch", "-o", f"out{form}", self.lock(sdist, build=()))
            self.assertEqual(done.status, 0, done.said)
            self.assertNotIn("unknown", done.said)

    def test_an_sdist_whose_target_has_a_wheel_blocks_nothing(self) -> None:
        sdist, wheel = self.upstream.add(stale()), self.upstream.wheel("shout", "1.0")
        lock = self.lock(sdist, build=())
        lock.write_text(f"{lock.read_text().strip()} --hash=sha256:{wheel.sha256}\n")
        done = self.reqpi("fetch", "-o", "out", lock)
        self.assertEqual(done.status, 0, done.said)

    def test_without_a_cargo_nothing_changes(self) -> None:
        path = os.pathsep.join(each for each in os.environ["PATH"].split(os.pathsep) if not which("cargo", path=each))
        done = self.reqpi("fetch", "-o", "out", self.lock(self.upstream.add(stale()), build=()), PATH=path)
        self.assertEqual(done.status, 0, done.said)

    def test_a_manifest_that_leads_elsewhere_is_a_remark(self) -> None:
        """cargo is not run for it."""
        manifest = '[package]\nname = "shout"\nversion = "1.0.0"\n[dependencies]\nb = { path = "/home/b" }\n'
        sdist = self.upstream.add(maturin_sdist(more={"Cargo.toml": manifest}))
        done = self.reqpi("fetch", "-o", "out", self.lock(sdist, build=()))
        self.assertEqual(done.status, 0, done.said)
        self.assertIn("its Cargo.toml names a path outside the sdist", done.said)

    def test_a_committed_lock_serves_an_sdist_whose_own_is_stale(self) -> None:
        crates = (GREET, NEWER)
        (self.folder / "Cargo.lock").write_text(cargo_lock("shout", "1.0.0", crates))
        done = self.reqpi("fetch", "-o", "out", self.lock(self.upstream.add(stale()), build=()), "Cargo.lock")
        self.assertEqual(done.status, 0, done.said)
        self.assertIn("A build with cargo --locked fails", done.said)
        self.assertIn("made-words-1.1.0", self.crates())


class PermissiveTests(StaleCase):
    """With permission, cargo chooses: from what the registries list, and what it chooses is fetched as if locked."""

    def bom(self) -> Mapping[str, set[str]]:
        """Return the subjects of each annotation."""
        document = json.loads((self.out / "bom.json").read_text())
        return {each["text"]: set(each["subjects"]) for each in document["annotations"]}

    def test_a_stale_lock_is_made_again(self) -> None:
        """Only what no longer matches is replaced, and the SBOM says which crates no lock had pinned."""
        whisper = self.upstream.add(setuptools_rust_sdist())
        done = self.fetch_project(self.upstream.add(stale()), whisper)
        self.assertEqual(done.status, 0, done.said)
        self.assertIn("shout-1.0.tar.gz: its Cargo.lock does not match the Cargo.toml of shout", done.said)
        self.assertEqual(self.crates(), {"made_greet-0.3.1", "made-words-1.1.0", "made-words-1.0.2"})
        new, greet = (f"pkg:cargo/{each.name}@{each.version}?checksum={each.sha256}" for each in (NEWER, GREET))
        self.assertEqual(self.bom()[ANNOTATION], {new, greet})
        self.assertIn(new, self.bom()["hermeto:backend:cargo"])
        made = (self.out / "deps" / "cargo-locks" / "shout-1.0.tar.gz" / "Cargo.lock").read_text()
        self.assertIn(NEWER.sha256, made)
        self.assertNotIn(WORDS.sha256, made)

    def test_what_was_made_can_be_committed(self) -> None:
        """Then the next fetch needs no permission, and removes the earlier one."""
        sdist = self.upstream.add(maturin_sdist("bare", "1.0", lock=None))
        done = self.fetch_project(sdist)
        self.assertEqual(done.status, 0, done.said)
        self.assertIn("bare-1.0.tar.gz: it needs Rust and has no Cargo.lock. cargo has made another one", done.said)
        made = self.out / "deps" / "cargo-locks" / "bare-1.0.tar.gz" / "Cargo.lock"
        made.rename(self.folder / "src" / "Cargo.lock")
        asked = {**ASKED, "requirements_files": ["requirements.txt", "Cargo.lock"]}
        done = self.reqpi("fetch", "--source", "src", "--output", "out", "--mode", "strict", json.dumps(asked))
        self.assertEqual(done.status, 0, done.said)
        self.assertNotIn(ANNOTATION, self.bom())
        self.assertFalse(made.parent.exists())

    def test_a_crate_with_another_digest_than_the_registry_lists_is_refused(self) -> None:
        """The registry lists one digest, and sends other bytes."""
        self.registry.claim(NEWER, cksum="0" * 64)
        done = self.fetch_project(self.upstream.add(stale()))
        self.assertEqual(done.status, 3, done.said)
        self.assertIn(NEWER.filename, done.said)
        self.assertFalse((self.out / ".cargo").exists())

    def test_a_line_that_names_another_registry_is_not_offered(self) -> None:
        """The registry would have cargo ask a host that the operator did not name."""
        deps = [{"name": "b", "req": "1", "registry": "sparse+http://host.invalid/", "kind": "normal",
                 "features": [], "optional": False, "default_features": True, "target": None}]  # fmt: skip
        self.registry.claim(NEWER, deps=deps)
        done = self.fetch_project(self.upstream.add(stale()))
        self.assertEqual(done.status, 20, done.said)
        self.assertIn("none can be made: cargo: failed to select a version", done.said)

    def test_a_registry_that_does_not_answer_is_named(self) -> None:
        self.registry.close()
        done = self.fetch_project(self.upstream.add(maturin_sdist("bare", "1.0", lock=None)))
        self.assertEqual(done.status, 20, done.said)
        self.assertIn("bare-1.0.tar.gz: it needs Rust and has no Cargo.lock; none can be made: ", done.said)

    def test_nothing_is_made_without_need(self) -> None:
        """A lock that matches stays, although newer crates exist."""
        done = self.fetch_project(self.shout)
        self.assertEqual(done.status, 0, done.said)
        self.assertEqual(self.crates(), {"made_greet-0.3.1", "made-words-1.0.2"})
        self.assertFalse((self.out / "deps" / "cargo-locks").exists())
        self.assertNotIn(ANNOTATION, self.bom())


class OfflineTests(StaleCase):
    """The build after a permissive fetch."""

    def setUp(self) -> None:
        skip_if_forbidden()
        super().setUp()

    def test_the_build_without_a_network_takes_what_cargo_chose(self) -> None:
        whisper = self.upstream.add(setuptools_rust_sdist())
        done = self.fetch_project(self.upstream.add(stale()), whisper)
        self.assertEqual(done.status, 0, done.said)
        done = self.install_offline(self.out)
        self.assertEqual(done.status, 0, done.said)
        self.assertEqual(self.says("shout"), "goodbye from made_greet\n")
        self.assertEqual(self.says("whisper"), "hello from made_greet\n")
