"""Crates of git repositories: real builds from what was fetched, and from an address alone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.test_run_sealed import skip_if_forbidden
from tests.end_to_end.clients import Done, environment, run
from tests.end_to_end.rust_case import RustCase
from tests.git_crates import WORKSPACE, git_sdist
from tests.sourcehost import SourceHost

pytestmark = pytest.mark.clients


class GitCratesCase(RustCase):
    """An sdist whose Cargo.lock takes crates from a workspace in a git repository."""

    def setUp(self) -> None:
        super().setUp()
        self.host = SourceHost()
        self.addCleanup(self.host.close)
        self.repository = self.host.repository("greetings.git")
        (self.repository.folder / "crates/loud/src").mkdir(parents=True)
        (self.repository.folder / "crates/loud/src/mark.txt").symlink_to("../../../mark.txt")
        (self.repository.folder / "crates/loud/nowhere").symlink_to("/etc/passwd")
        self.commit = self.repository.commit(WORKSPACE)
        authority = self.folder / "authority.pem"
        authority.write_bytes(self.host.authority.read_bytes())
        self.allowed = ("--allow-host", self.host.name, "--ca", authority)
        self.git_shout = self.upstream.add(git_sdist(self.repository.url, self.commit))
        self.out = self.folder / "out"

    def lock_of_shout(self) -> Path:
        return self.lock(self.git_shout)

    def assert_says(self, done: Done) -> None:
        self.assertEqual(done.status, 0, done.said)
        self.assertEqual(self.says("shout"), "hello!\n")

    def install_offline(self, folder: Path) -> Done:
        """Build and install from a folder, in a namespace whose only network is an unused loopback."""
        done = self.reqpi("env", folder, "-o", self.folder / "own.env")
        self.assertEqual(done.status, 0, done.said)
        python = environment("pip", "pip") / "python"
        install = f"{python} -m pip install --no-cache-dir --no-deps --upgrade --target target shout"
        command = ["unshare", "--map-root-user", "--net", "sh", "-c", f". ./own.env && exec {install}"]
        return run(command, self.folder, self.rust, limit=600)


class OfflineBuildTests(GitCratesCase):
    """``fetch``, ``env``, and a build without a network."""

    def setUp(self) -> None:
        skip_if_forbidden()
        super().setUp()

    def test_each_layout_builds_without_a_network(self) -> None:
        lock = self.lock_of_shout()
        for layout, place in (("vendored", "deps/cargo"), ("local-registry", "deps/cargo/git")):
            done = self.reqpi("fetch", "--crates-layout", layout, "-o", f"out-{layout}", lock, *self.allowed)
            self.assertEqual(done.status, 0, done.said)
            self.assertIn("3 crates", done.said)
            self.assertIn("left out: loud-2.0.0/nowhere", done.said)
            folder = self.folder / f"out-{layout}"
            sums = json.loads((folder / place / "made_greet-0.3.1" / ".cargo-checksum.json").read_text())
            self.assertEqual((sums["package"], set(sums["files"])), (None, {"Cargo.toml", "src/lib.rs"}))
            self.assertEqual((folder / place / "loud-2.0.0/src/mark.txt").read_text(), "!\n")
            self.assertFalse((folder / place / "other-1.0.0").exists())
            self.assert_says(self.install_offline(folder))
