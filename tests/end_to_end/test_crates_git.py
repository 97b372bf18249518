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
            sums = json.loads((folder / place / "made_greet-0.4.0" / ".cargo-checksum.json").read_text())
            self.assertEqual((sums["package"], set(sums["files"])), (None, {"Cargo.toml", "src/lib.rs"}))
            self.assertEqual((folder / place / "loud-2.0.0/src/mark.txt").read_text(), "!\n")
            self.assertFalse((folder / place / "other-1.0.0").exists())
            self.assert_says(self.install_offline(folder))


class AddressTests(GitCratesCase):
    """Builds from an address alone."""

    def test_a_sealed_run_builds_with_pip(self) -> None:
        """The repository is asked by the server alone, and once."""
        skip_if_forbidden()
        self.lock_of_shout()
        python = environment("pip", "pip") / "python"
        install = (python, "-m", "pip", "install", "--no-cache-dir", "--no-deps", "--target", "target")
        words = ("run", "--seal", *self.allowed, "requirements.txt", "--", *install, "--no-binary", "shout", "shout")
        self.assert_says(self.reqpi(*words))
        asked = len(self.host.requests)
        self.assert_says(self.reqpi(*words[:-1], "--upgrade", "shout"))
        self.assertEqual(len(self.host.requests), asked)

    def test_a_wheelhouse_is_built(self) -> None:
        done = self.reqpi("wheelhouse", self.lock_of_shout(), "-o", "a.tar", "--build", *self.allowed)
        self.assertEqual(done.status, 0, done.said)
        self.assertIn("1 wheel built", done.said)

    def test_a_host_that_is_not_allowed_is_named(self) -> None:
        """It is not contacted, neither for a fetch nor for a build."""
        lock = self.lock_of_shout()
        for words in (("fetch", "-o", "out"), ("wheelhouse", "-o", "a.tar", "--build")):
            done = self.reqpi(*words, lock)
            self.assertNotEqual(done.status, 0, done.said)
            self.assertIn("--allow-host", done.said)
        self.assertEqual(self.host.connections, 0)


class RequestTests(GitCratesCase):
    """``fetch --request``: a repository, what its packages require, and the crates of that."""

    def test_the_crates_of_all_packages_are_there_and_in_the_sbom(self) -> None:
        """One sdist has crates of a registry, another one of a git repository; each is needed by its sdist."""
        application = self.host.repository("tool.git")
        pins = {each.filename.partition("-")[0]: each for each in (self.git_shout, self.whisper)}
        self.lock(pins["whisper"], name="first/requirements.txt", build=())
        self.lock(pins["shout"], name="second/requirements.txt", build=())
        texts = {
            f"{each}/requirements.txt": (self.folder / each / "requirements.txt").read_text()
            for each in ("first", "second")
        }
        commit = application.commit(texts)
        request = {"repo": application.url, "ref": commit, "pkg_managers": ["pip"]}
        request["packages"] = {"pip": [{"path": "first"}, {"path": "second"}]}
        (self.folder / "request.json").write_text(json.dumps(request))
        words = ("fetch", "--request", "request.json", "-o", "out", *self.allowed)
        done = self.reqpi(*words)
        self.assertEqual(done.status, 0, done.said)
        cargo = self.out / "deps" / "cargo"
        crates = {"made_greet-0.3.1", "made_greet-0.4.0", "made-words-1.0.2", "loud-2.0.0"}
        self.assertEqual({each.name for each in cargo.iterdir()}, crates)
        bom = json.loads((self.out / "bom.json").read_text())
        purls = {each["purl"] for each in bom["components"]}
        source = f"?vcs_url=git%2B{self.repository.url}%40{self.commit}"
        self.assertIn(f"pkg:cargo/loud@2.0.0{source}", {each.replace("%3A", ":") for each in purls})
        self.assertTrue((self.out / "app/first/requirements.txt").exists())
