"""A Cargo.lock that does not match its Cargo.toml, or is not there: what a fetch finds before the build would."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping, Sequence

import pytest

from reqpi.core.crates.sbom import CARGO, GENERATED
from tests.cli.test_run_sealed import skip_if_forbidden
from tests.crates_registry import MadeCrate, build_crate
from tests.end_to_end.clients import Done
from tests.end_to_end.test_crates_offline import ASKED, OfflineCase
from tests.fake_upstream import Distribution
from tests.git_crates import git_sdist
from tests.rust_sdists import GREET, WORDS, cargo_lock, maturin_sdist, setuptools_rust_sdist

pytestmark = pytest.mark.clients

NEWER = build_crate("made-words", "1.1.0", source='pub fn words() -> &\'static str { "goodbye" }\n')
"""A release that the Cargo.lock of no sdist here names."""


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

    def fetch_project(self, *sdists: Distribution, mode: str = "permissive") -> Done:
        """Fetch for a project that needs some sdists."""
        self.lock(*sdists, name="src/requirements.txt", build=())
        self.lock(name="src/requirements-build.txt")
        (self.folder / "src" / "pyproject.toml").write_text('[project]\nname = "own"\nversion = "1.0"\n')
        if not (self.folder / "src" / ".git").exists():
            self.commit_source()
        return self.reqpi("fetch", "--source", "src", "--output", "out", "--mode", mode, json.dumps(ASKED))

    def commit_source(self) -> None:
        source = self.folder / "src"
        for words in (["init", "-q"], ["add", "-A"], ["commit", "-q", "-m", "x"]):
            own = ["-c", "user.name=x", "-c", "user.email=x@example.org"]
            subprocess.run(["git", "-C", str(source), *own, *words], check=True, timeout=60)
        origin = ["remote", "add", "origin", "https://example.org/own.git"]
        subprocess.run(["git", "-C", str(source), *origin], check=True, timeout=60)


class StaleTests(StaleCase):
    """``fetch`` for a lock, and for a source in both modes."""

    def test_a_stale_lock_is_an_error_before_the_build(self) -> None:
        """It names the sdist, its crate, and what to do."""
        sdist = self.upstream.add(stale())
        done = self.reqpi("fetch", "-o", "out", self.lock(sdist, build=()))
        self.assertEqual(done.status, 20, done.said)
        self.assertIn("shout-1.0.tar.gz: its Cargo.lock does not match the Cargo.toml of shout", done.said)
        self.assertIn('failed to select a version for the requirement `made-words = "^1.1"`', done.said)
        self.assertIn("reqpi gethash requirements.txt Cargo.lock", done.said)
        self.assertFalse((self.out / ".cargo").exists())
        done = self.fetch_project(sdist, mode="strict")
        self.assertEqual(done.status, 20, done.said)
        self.assertIn("--mode permissive", done.said)

    def test_a_new_lock_is_what_is_fetched_and_what_the_build_without_a_network_uses(self) -> None:
        """Only what no longer matches is replaced, and the SBOM says which crates no lock had pinned."""
        skip_if_forbidden()
        done = self.fetch_project(self.upstream.add(stale()), self.upstream.add(setuptools_rust_sdist()))
        self.assertEqual(done.status, 0, done.said)
        self.assertIn("shout-1.0.tar.gz: its Cargo.lock does not match the Cargo.toml of shout", done.said)
        self.assertEqual(self.crates(), {"made_greet-0.3.1", "made-words-1.1.0", "made-words-1.0.2"})
        new, greet = (f"pkg:cargo/{each.name}@{each.version}?checksum={each.sha256}" for each in (NEWER, GREET))
        self.assertEqual(self.annotated()[GENERATED], {new, greet})
        self.assertIn(new, self.annotated()[CARGO])
        made = (self.out / "deps" / "cargo-locks" / "shout-1.0.tar.gz" / "Cargo.lock").read_text()
        self.assertIn(NEWER.sha256, made)
        self.assertNotIn(WORDS.sha256, made)
        done = self.install_offline(self.out)
        self.assertEqual(done.status, 0, done.said)
        self.assertEqual(self.says("shout"), "goodbye from made_greet\n")
        self.assertEqual(self.says("whisper"), "hello from made_greet\n")

    def test_no_lock_is_made_with_a_crate_of_git(self) -> None:
        """It is an error before anything is written, and cargo asks no repository."""
        done = self.fetch_project(self.upstream.add(git_sdist("https://git.example.org/b.git", "7" * 40, locked=False)))
        self.assertEqual(done.status, 20, done.said)
        self.assertIn("shout-1.0.tar.gz: it needs Rust and has no Cargo.lock; none can be made", done.said)
        self.assertIn("takes a crate from git", done.said)
        self.assertFalse((self.out / ".cargo").exists())

    def test_a_new_lock_can_be_committed(self) -> None:
        """Then the next fetch needs no permission, and removes the new lock of the earlier one."""
        done = self.fetch_project(self.upstream.add(maturin_sdist("bare", "1.0", lock=None)))
        self.assertEqual(done.status, 0, done.said)
        self.assertIn("bare-1.0.tar.gz: it needs Rust and has no Cargo.lock. cargo has made another one", done.said)
        made = self.out / "deps" / "cargo-locks" / "bare-1.0.tar.gz" / "Cargo.lock"
        made.rename(self.folder / "src" / "Cargo.lock")
        asked = {**ASKED, "requirements_files": ["requirements.txt", "Cargo.lock"]}
        done = self.reqpi("fetch", "--source", "src", "--output", "out", "--mode", "strict", json.dumps(asked))
        self.assertEqual(done.status, 0, done.said)
        self.assertNotIn(GENERATED, self.annotated())
        self.assertFalse(made.parent.exists())

    def annotated(self) -> Mapping[str, set[str]]:
        """Return the subjects of each annotation of the SBOM."""
        document = json.loads((self.out / "bom.json").read_text())
        return {each["text"]: set(each["subjects"]) for each in document["annotations"]}

    def test_a_crate_with_other_bytes_than_the_registry_lists_is_refused(self) -> None:
        """It is chosen by what the registry lists, and then fetched as any crate of a lock."""
        self.registry.claim(NEWER, cksum="0" * 64)
        done = self.fetch_project(self.upstream.add(stale()))
        self.assertEqual(done.status, 3, done.said)
        self.assertIn(NEWER.filename, done.said)
        self.assertFalse((self.out / ".cargo").exists())
