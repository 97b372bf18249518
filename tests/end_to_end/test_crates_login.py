"""cargo and pip take crates from a server that requires a token, with the token where each of them looks for it."""

from __future__ import annotations

import json
import os
import sys
from urllib.request import Request, urlopen

import pytest

from reqpi.core.receipts.reading import read_receipt
from tests.end_to_end.clients import Done, run
from tests.end_to_end.rust_case import RustCase
from tests.end_to_end.server import Server
from tests.rust_sdists import GREET, WORDS, cargo_lock

pytestmark = pytest.mark.clients

CONFIG = "cargo/config.toml"


class LoginTests(RustCase):
    """A server that nothing can be read from without a token, and the lock of one sdist with its Cargo.lock."""

    def setUp(self) -> None:
        super().setUp()
        self.tokens = self.folder / "tokens"
        self.token = self.reqpi("token", "new", "ci", "--tokens", self.tokens).said.splitlines()[-1].strip()
        options = ("--upstream", self.upstream.url, "--crates", self.registry.url, "--tokens", str(self.tokens))
        self.server = Server(self.folder / "of-server", *options, "--anonymous", "none")
        self.addCleanup(self.server.stop)
        self.lock(self.shout)
        (self.folder / "Cargo.lock").write_text(cargo_lock("shout", "1.0.0", (GREET, WORDS)))

    def on_server(self, command: str, *words: object, locks: tuple[str, ...] = ("requirements.txt",)) -> Done:
        """Run a command of ours with the server; it has the token in the variable."""
        return self.reqpi(command, "--url", self.server.url, *words, *locks, REQPI_TOKEN=self.token)

    def index_of(self, *locks: str) -> str:
        done = self.on_server("gethash", "--hold", locks=locks)
        self.assertEqual(done.status, 0, done.said)
        self.assertNotIn(self.token, done.said)
        return done.said.splitlines()[-1].strip()

    def test_our_own_commands_send_the_token_for_crates(self) -> None:
        """``gethash --hold``, ``fetch``; and ``run``, whose receipt comes from a run on the server."""
        self.index_of("requirements.txt")
        done = self.on_server("fetch", "-o", "out")
        self.assertEqual(done.status, 0, done.said)
        fetched = {path.name for path in (self.folder / "out" / "deps" / "cargo").iterdir()}
        self.assertLessEqual({f"{each.name}-{each.version}" for each in (GREET, WORDS)}, fetched)
        pip = (sys.executable, "-m", "pip", "install", "--no-cache-dir", "--no-deps", "--target", "target")
        words = ("run", "--url", self.server.url, "--receipt", "receipt.json", "requirements.txt", "--", *pip)
        done = self.reqpi(*words, "--no-binary", "shout", "shout", REQPI_TOKEN=self.token)
        self.assertEqual(done.status, 0, done.said)
        self.assertEqual(self.says("shout"), "hello from made_greet\n")
        receipt = read_receipt((self.folder / "receipt.json").read_bytes())
        taken = {each.sha256 for each in receipt.taken if each.kind == "file" and each.count}
        self.assertLessEqual({GREET.sha256, WORDS.sha256, self.shout.sha256}, taken)
        self.assertEqual((receipt.complete, receipt.refused), (True, ()))
        self.assertNotIn(self.token, "".join(self.server.log))

    def test_cargo_finds_the_token_in_its_variable_and_in_its_credentials(self) -> None:
        """With the configuration of the server, and with that of ``reqpi env``."""
        base = self.index_of("Cargo.lock").removesuffix("simple/")
        login = {"Authorization": f"Bearer {self.token}"}
        with urlopen(Request(f"{base}{CONFIG}", headers=login), timeout=60) as answer:
            served = answer.read().decode()
        self.assertNotIn(self.token, served)
        self.assertNotEqual(self.fetched("bare", served).status, 0)
        self.assert_fetched(self.fetched("variable", served, CARGO_REGISTRIES_REQPI_TOKEN=self.token))
        credentials = f"[registries.reqpi]\ntoken = {json.dumps(self.token)}\n"
        self.assert_fetched(self.fetched("file", served, credentials))
        done = self.reqpi("env", f"{base}simple/", "--cargo-home", "home-env", REQPI_TOKEN=self.token)
        self.assertEqual(done.status, 0, done.said)
        self.assertNotIn(self.token, done.said)
        self.assert_fetched(self.fetched("env", (self.folder / "home-env" / "config.toml").read_text()))

    def fetched(self, name: str, config: str, credentials: str = "", **environ: str) -> Done:
        """Have cargo fetch the crates of a project, with a home of its own."""
        home, project = self.folder / f"home-{name}", self.folder / f"project-{name}"
        for folder in (home, project / "src"):
            folder.mkdir(parents=True, exist_ok=True)
        (home / "config.toml").write_text(config)
        if credentials:
            (home / "credentials.toml").write_text(credentials)
        (project / "Cargo.toml").write_text(
            f'[package]\nname = "shout"\nversion = "1.0.0"\nedition = "2021"\n\n[dependencies]\n'
            f'{GREET.name} = "{GREET.version}"\n'
        )
        (project / "Cargo.lock").write_text((self.folder / "Cargo.lock").read_text())
        (project / "src" / "main.rs").write_text("fn main() {}\n")
        own = {"CARGO_HOME": str(home), "CARGO_NET_RETRY": "0"} | self.rust | environ
        done = run(["cargo", "fetch", "--locked", "--manifest-path", project / "Cargo.toml"], self.folder, own)
        self.cached = set(os.listdir(next((home / "registry" / "cache").iterdir()))) if done.status == 0 else set()
        return done

    def assert_fetched(self, done: Done) -> None:
        self.assertEqual(done.status, 0, done.said)
        self.assertNotIn(self.token, done.said)
        self.assertEqual(self.cached, {GREET.filename, WORDS.filename})
