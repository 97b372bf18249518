"""The program before cargo, which has the crates of git repositories in a ``CARGO_HOME`` before cargo needs them."""

from __future__ import annotations

import subprocess
import tomllib
from hashlib import sha256
from pathlib import Path

from reqpi.cli.processes.cargo_commits import write_home, write_program
from tests.attacks.test_server_commits import ID, URL, CommitCase
from tests.git_crates import git_lock
from tests.rust_sdists import cargo_lock

OTHER = "sparse+https://crates.example/index/"


class ProgramTests(CommitCase):
    """A build calls cargo."""

    def setUp(self) -> None:
        super().setUp()
        self.home, self.project = self.folder / "home", self.folder / "project"
        self.home.mkdir()
        (self.project / "sub").mkdir(parents=True)
        cargo = self.folder / "real" / "cargo"
        cargo.parent.mkdir()
        cargo.write_text('#!/bin/sh\necho "$CARGO_HOME"\necho "$@"\n')
        cargo.chmod(0o755)
        index = f"{self.liar.url}/{self.liar.address}/simple/"
        write_home(self.home, index, [OTHER])
        self.program = write_program(self.home, index, [OTHER], {"PATH": str(cargo.parent)})["CARGO"]

    def call(self, *words: str, folder: Path | None = None) -> subprocess.CompletedProcess[str]:
        """Call cargo as a build does, whose variables lead Python elsewhere."""
        environ = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(self.folder), "CARGO_HOME": str(self.home)}
        place = folder or self.project
        return subprocess.run(
            [self.program, *words], cwd=place, env=environ, capture_output=True, text=True, check=False
        )

    def test_a_cargo_lock_with_commits_has_a_home_of_its_own(self) -> None:
        """It is made once; the arguments say where the project is, or the current folder does."""
        lock = git_lock(URL, ID).encode()
        (self.project / "Cargo.lock").write_bytes(lock)
        home = self.home / "locks" / sha256(lock).hexdigest()
        done = self.call("build", "--manifest-path", "project/sub/Cargo.toml", folder=self.folder)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertEqual(done.stdout, f"{home}\nbuild --manifest-path project/sub/Cargo.toml\n")
        config = tomllib.loads((home / "config.toml").read_text())["source"]
        found = {"git": URL, "rev": ID, "replace-with": "vendored-commits"}
        self.assertEqual(config[f"git+{URL}?rev={ID}"], found)
        self.assertEqual(config["vendored-commits"], {"directory": f"{home.name}/git"})
        self.assertIn(OTHER, config)
        self.assertEqual({each.name for each in (home / "git").iterdir()}, {"loud-2.0.0", "made_greet-0.4.0"})
        self.liar.close()
        self.assertEqual(self.call(folder=self.project / "sub").stdout, f"{home}\n\n")

    def test_any_other_cargo_lock_has_the_home_of_the_run(self) -> None:
        self.liar.close()
        for lock in (None, cargo_lock("own", "1.0.0"), "[" * 99):
            if lock is not None:
                (self.project / "Cargo.lock").write_text(lock)
            self.assertEqual(
                self.call("--manifest-path=Cargo.toml").stdout, f"{self.home}\n--manifest-path=Cargo.toml\n"
            )

    def test_a_commit_that_is_not_admitted_ends_the_build(self) -> None:
        """cargo is not started: it would ask the repository."""
        (self.project / "Cargo.lock").write_text(git_lock(URL, "8" * 40))
        done = self.call("build")
        self.assertEqual((done.returncode, done.stdout), (101, ""))
        self.assertIn("missing: greetings-8888", done.stderr)
        self.assertNotIn("Traceback", done.stderr)

    def test_without_cargo_there_is_no_such_program(self) -> None:
        self.assertEqual(write_program(self.home, "http://x", [], {"PATH": str(self.home)}), {})
