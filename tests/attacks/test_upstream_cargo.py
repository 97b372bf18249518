"""A malicious author of an sdist that needs Rust: cargo reads it, and must run nothing and ask no one for it."""

from __future__ import annotations

import os
import signal
import sys
import tempfile
from pathlib import Path
from shutil import which

import pytest
from twisted.trial.unittest import SynchronousTestCase

from reqpi.cli.processes.bounded_child import run_bounded
from reqpi.cli.processes.cargo_resolve import LocalCargo, NotResolved, local_cargo
from reqpi.cli.processes.loopback_index import LoopbackIndex
from reqpi.core.crates.cargo_tree import CargoTree, UnsafeTree, cargo_tree, manifest_registries
from reqpi.core.crates.index import IndexLine, read_index
from tests.crates_registry import MadeCrate, SparseRegistry, build_crate
from tests.end_to_end.rust_case import rust_environment
from tests.fake_upstream import Distribution
from tests.rust_sdists import GREET, WORDS, cargo_lock, maturin_sdist

MANIFEST = '[package]\nname = "shout"\nversion = "1.0.0"\nedition = "2021"\n[dependencies]\nmade_greet = "0.3.1"\n'
LOCK = cargo_lock("shout", "1.0.0").encode()


def index_of(*crates: MadeCrate) -> LoopbackIndex:
    """Return an index that lists these crates."""

    def lines(_: str, name: str) -> list[IndexLine]:
        return [line for each in crates for line in read_index(each.line, each.name).values() if each.name == name]

    return LoopbackIndex((), lines)


@pytest.mark.clients
class CargoTests(SynchronousTestCase):
    """Programs of the attacker are in the sdist, and one that is found by name first: none of them is started."""

    def setUp(self) -> None:
        rust_environment()
        folder = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name).resolve()
        self.marks = self.folder / "started"
        self.marks.mkdir()
        found = local_cargo(os.environ)
        assert found is not None
        (self.folder / "bin").mkdir()
        for name in ("rustc", "git", "ssh", "wrapper", "provider"):
            self.program(name)
        path = f"{self.folder / 'bin'}{os.pathsep}{os.environ['PATH']}"
        self.cargo = LocalCargo(found.program, found.toolchain, {**os.environ, "PATH": path})

    def program(self, name: str) -> None:
        """Put a program on PATH that leaves a mark."""
        place = self.folder / "bin" / name
        place.write_text(f"#!/bin/sh\ntouch {self.marks / name}\nexit 1\n")
        place.chmod(0o755)

    def hostile(self) -> dict[str, str]:
        """Return the files with which an sdist tries to have programs started."""
        bin_ = self.folder / "bin"
        config = (
            f'[build]\nrustc = "{bin_}/rustc"\nrustc-wrapper = "{bin_}/wrapper"\n[net]\ngit-fetch-with-cli = true\n'
            f'[registry]\nglobal-credential-providers = ["{bin_}/provider"]\n'
            f'[registries.r]\nindex = "sparse+http://127.0.0.1:9/"\ncredential-provider = ["{bin_}/provider"]\n'
            '[source.crates-io]\nreplace-with = "r"\n[source.r]\nregistry = "sparse+http://127.0.0.1:9/"\n'
            f'[alias]\nupdate = "run"\n[env]\nPATH = {{ value = "{bin_}", force = true }}\n'
        )
        toolchain = f'[toolchain]\npath = "{bin_}"\n'
        return {
            ".cargo/config.toml": config,
            ".cargo/config": config,
            "rust-toolchain.toml": toolchain,
            "rust-toolchain": "nightly-2020-01-01\n",
            "build.rs": f'fn main() {{ std::process::Command::new("{bin_}/wrapper").status(); }}',
        }

    def tree(self, sdist: Distribution) -> CargoTree:
        lock = "shout-1.0/Cargo.lock"
        found = cargo_tree(sdist.content, sdist.filename, lock)
        assert found is not None
        return found

    def assert_nothing_started(self) -> None:
        self.assertEqual(list(self.marks.iterdir()), [])

    def test_the_settings_of_an_sdist_start_nothing(self) -> None:
        """Its configuration names a compiler, a wrapper, a credential provider; its toolchain file another cargo."""
        tree = self.tree(maturin_sdist(more=self.hostile()))
        self.assertEqual(self.cargo.difference(tree, index_of(GREET, WORDS)), "")
        self.assertIn(b"made_greet", self.cargo.regenerated(tree, index_of(GREET, WORDS)))
        self.assert_nothing_started()

    def test_the_settings_start_nothing_even_if_they_are_unpacked(self) -> None:
        """The attacker finds a name for these files that is not left out."""
        files = {path: text.encode() for path, text in self.hostile().items()}
        tree = CargoTree("", {**files, "Cargo.toml": MANIFEST.encode(), "src/main.rs": b""}, LOCK)
        self.assertEqual(self.cargo.difference(tree, index_of(GREET, WORDS)), "")
        self.assertIn(b"made_greet", self.cargo.regenerated(tree, index_of(GREET, WORDS)))
        self.assert_nothing_started()

    def other(self) -> SparseRegistry:
        """Return a host that no operator named. It is on loopback too, as cargo's index is."""
        registry = SparseRegistry(build_crate("b", "1.0.0"))
        self.addCleanup(registry.close)
        return registry

    def test_a_crate_from_git_starts_no_program_and_asks_no_host(self) -> None:
        """The attacker finds a spelling of a git source that is not refused before."""
        other = self.other()
        manifest = f'{MANIFEST}b = {{ git = "{other.origin}/b" }}\n'
        tree = CargoTree("", {"Cargo.toml": manifest.encode(), "src/main.rs": b""})
        with self.assertRaises(NotResolved):
            self.cargo.regenerated(tree, index_of(GREET, WORDS))
        self.assertEqual(other.requests, [])
        self.assert_nothing_started()

    def test_another_registry_is_not_asked(self) -> None:
        """The manifest names a registry that the operator did not."""
        other = self.other()
        index = f"sparse+{other.url}"
        manifest = f'{MANIFEST}b = {{ version = "1", registry-index = "{index}" }}\n'
        tree = CargoTree("", {"Cargo.toml": manifest.encode(), "src/main.rs": b""})
        with self.assertRaises(NotResolved):
            self.cargo.regenerated(tree, index_of(GREET, WORDS))
        self.assertEqual(other.requests, [])
        self.assert_nothing_started()

    def test_a_workspace_above_the_folder_is_not_used(self) -> None:
        """Another user of this machine has put a manifest and settings into the folder for temporary files."""
        (self.folder / ".cargo").mkdir()
        (self.folder / ".cargo" / "config.toml").write_text(self.hostile()[".cargo/config.toml"])
        (self.folder / "Cargo.toml").write_text('[workspace]\nmembers = ["*/sdist"]\n')
        (self.folder / "rust-toolchain.toml").write_text(self.hostile()["rust-toolchain.toml"])
        before, os.environ["TMPDIR"] = os.environ.get("TMPDIR"), str(self.folder)
        self.addCleanup(_restore, before)
        _forget_folder()
        self.addCleanup(_forget_folder)
        tree = CargoTree("", {"Cargo.toml": MANIFEST.encode(), "src/main.rs": b""}, LOCK)
        self.assertEqual(self.cargo.difference(tree, index_of(GREET, WORDS)), "")
        self.assertIn(b"made_greet", self.cargo.regenerated(tree, index_of(GREET, WORDS)))
        self.assertFalse((self.folder / "Cargo.lock").exists())
        self.assert_nothing_started()

    def test_the_login_of_the_user_does_not_reach_cargo(self) -> None:
        """A manifest names the registry that a variable of the user has a token for."""
        environ = {"CARGO_REGISTRIES_R_INDEX": "sparse+http://host.invalid/", "CARGO_REGISTRIES_R_TOKEN": "secret"}
        cargo = LocalCargo(self.cargo.program, self.cargo.toolchain, {**self.cargo.environ, **environ})
        manifest = f'{MANIFEST}b = {{ version = "1", registry = "r" }}\n'
        tree = CargoTree("", {"Cargo.toml": manifest.encode(), "src/main.rs": b""})
        with self.assertRaises(NotResolved) as raised:
            cargo.regenerated(tree, index_of(GREET, WORDS))
        self.assertIn("registry index was not found", str(raised.exception))


class PatternTests(SynchronousTestCase):
    """Patterns for the members of a workspace: cargo matches a component that begins with a dot with ``..``, too."""

    def test_a_pattern_does_not_lead_out_of_the_sdist(self) -> None:
        """The attacker wants to know a manifest elsewhere on this machine."""
        patterns = ("..", ".?/.?/outsid[e]", ".*/b", "./.[.]/b", "a/.?/.?/b", "a/..*", ".?", ".[!a]/b")
        for pattern in patterns:
            for key in ("members", "default-members"):
                for root in ("", "rust"):
                    manifest = f'{MANIFEST}[workspace]\n{key} = ["{pattern}"]\n'.encode()
                    with self.assertRaises(UnsafeTree, msg=pattern):
                        manifest_registries(CargoTree(root, {"rust/Cargo.toml": manifest}))


def _forget_folder() -> None:
    """Have the standard library look for the folder of temporary files again."""
    tempfile.tempdir = None


def _restore(before: str | None) -> None:
    os.environ.pop("TMPDIR", None)
    if before is not None:
        os.environ["TMPDIR"] = before


class BoundTests(SynchronousTestCase):
    """A manifest or an index that keeps cargo busy, or makes it say much."""

    def run_shell(self, script: str, seconds: float) -> int | None:
        shell = which("sh")
        assert shell is not None
        return run_bounded([shell, "-c", script], "/", {"PATH": os.environ["PATH"]}, seconds=seconds, most=1000).status

    def test_a_program_that_does_not_end_is_stopped_with_its_children(self) -> None:
        """It keeps the pipe open in a child of its own."""
        self.assertIsNone(self.run_shell("sleep 600 & sleep 600", 0.5))

    def test_a_descendant_in_a_session_of_its_own_holds_nothing_up(self) -> None:
        """It keeps the pipe open where no signal to the group of the program reaches it."""
        script = "import os, sys, time; os.setsid(); print(os.getpid(), file=sys.stderr, flush=True); time.sleep(600)"
        command = [sys.executable, "-c", f"import os\nif os.fork() == 0:\n    {script}"]
        ended = run_bounded(command, "/", {}, seconds=5)
        self.addCleanup(os.kill, int(ended.said or 0), signal.SIGKILL)
        self.assertIsNone(ended.status)

    def test_a_program_that_says_too_much_is_stopped(self) -> None:
        """It writes without end."""
        self.assertIsNone(self.run_shell("while :; do echo much >&2; done", 600))

    def test_a_program_that_takes_too_much_memory_fails(self) -> None:
        """It asks for a gigabyte."""
        command = [sys.executable, "-c", "bytearray(1 << 30)"]
        for memory, fails in ((1 << 28, True), (1 << 32, False)):
            ended = run_bounded(command, "/", {}, seconds=600, memory=memory)
            self.assertEqual(ended.status != 0, fails, ended)

    def test_a_program_that_ends_leaves_nothing_running(self) -> None:
        self.assertEqual(self.run_shell("exit 3", 600), 3)

    def test_a_program_that_is_not_there_fails(self) -> None:
        self.assertEqual(run_bounded(["/nowhere/cargo"], "/", {}, seconds=600).status, 127)
