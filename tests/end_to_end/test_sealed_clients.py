"""Each client with its lock as it is, in ``reqpi run --seal``; and the page of the documentation that says so."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from twisted.trial.unittest import SkipTest, SynchronousTestCase

from tests.cli.test_run_sealed import forbidden
from tests.end_to_end.clients import Done
from tests.end_to_end.run_proxy_case import HOST, RunProxyCase
from tests.end_to_end.sealed_clients import CLIENTS, PAGE, Client, page_text
from tests.fake_upstream.faults import WrongBytes

EACH = """
import json, os, subprocess, sys
def ended(folder, environ, words):
    return subprocess.run(words, cwd=folder, env=os.environ | environ, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True)
with open("commands.json") as file:
    commands = json.load(file)
found = [ended(*command) for command in commands]
with open("ended.json", "w") as file:
    json.dump([(done.returncode, done.stdout) for done in found], file)
"""
"""Runs several commands, one after the other, and writes down how they ended: one run is enough for those that fail."""

HERE = tuple(client for client in CLIENTS if client.name != "pex" or sys.version_info < (3, 12))
"""The clients that work here: from Python 3.12 on, pex installs a pip of its own first, which no lock here pins."""

MADE: dict[str, str] = {}
"""The locks that their tools have written, by the name of the client."""


class PageTests(SynchronousTestCase):
    def test_the_page_is_what_the_rows_say(self) -> None:
        """To write it again: ``python -m tests.end_to_end.sealed_clients``."""
        self.assertEqual(PAGE.read_text("utf-8"), page_text())


@pytest.mark.clients
class SealedClientsTests(RunProxyCase):
    """All clients of the page. Where the kernel allows no seal, the same is tested without it."""

    def setUp(self) -> None:
        super().setUp()
        self.seal = () if forbidden() else ("--seal",)
        self.write("whole.txt", "".join(f"{name}\n" for name in self.pins()))

    def pins(self) -> list[str]:
        return [
            f"{name}=={file.version} --hash=sha256:{file.sha256}"
            for name, file in (("top", self.top), ("mid", self.mid))
        ]

    def project(self, client: Client) -> Path:
        """Write a project with its lock, in a folder of its own."""
        folder = self.folder / str(CLIENTS.index(client))
        folder.mkdir()
        for name, text in client.project((self.top, self.mid)).items():
            (folder / name).write_text(text)
        if client.name.startswith(("pdm", "pipenv")):  # making one is not what they are asked for
            subprocess.run([sys.executable, "-m", "venv", "--without-pip", ".venv"], cwd=folder, check=True)
        if client.locks and client.name not in MADE:
            words = (client.program_path(), *client.locks)
            done = self.run_behind("../whole.txt", *words, folder=folder.name, **client.variables(folder))
            self.assertEqual(done.status, 0, done.said)
            MADE[client.name] = (folder / client.lock).read_text()
            shutil.rmtree(folder / "cache", ignore_errors=True)
        if client.locks:
            (folder / client.lock).write_text(MADE[client.name])
        return folder

    def run_all(self, lock: str) -> tuple[list[Done], str]:
        """Run all clients in one run with a lock of its own: how they ended, and what ``run`` prints."""
        folders = [self.project(client) for client in HERE]
        commands = [
            (str(folder), client.variables(folder), client.words())
            for client, folder in zip(HERE, folders, strict=True)
        ]
        (self.folder / "commands.json").write_text(json.dumps(commands))
        store = str(self.folder / "empty")
        done = self.run_behind(lock, sys.executable, "-c", EACH, options=self.seal, REQPI_STORE=store, limit=900)
        self.assertEqual(done.status, 0, done.said)
        return [Done(*each) for each in json.loads((self.folder / "ended.json").read_text())], done.said

    def test_each_takes_every_file_from_the_lock_as_it_is(self) -> None:
        """With --strict, which fails if anything was refused, or nothing was asked."""
        for client in HERE:
            folder = self.project(client)
            before = (folder / client.lock).read_bytes()
            options = (*self.seal, "--strict")
            done = self.run_behind(
                client.lock, *client.words(), options=options, folder=folder.name, **client.variables(folder)
            )
            self.assertEqual(done.status, 0, f"{client.command}: {done.said}")
            self.assertTrue(done.said.endswith("reqpi: 2 files taken, 0 refused\n"), f"{client.command}: {done.said}")
            self.assertEqual(installed(folder), {"top-1.0.dist-info", "mid-1.5.dist-info"}, client.command)
            self.assertEqual((folder / client.lock).read_bytes(), before, client.command)
        self.assert_only_reqpi_asked_outside()

    def test_a_pin_that_the_lock_of_the_run_lacks_fails_with_the_reason(self) -> None:
        self.write("less.txt", f"{self.pins()[0]}\n")
        ended, said = self.run_all("less.txt")
        for client, done in zip(HERE, ended, strict=True):
            self.assertNotEqual(done.status, 0, client.command)
            self.assertIn(client.lacking, done.said, client.command)
            line = f"# reqpi: {HOST} was asked by {client.agent}: not in this lock" if client.agent else "mid==1.5"
            self.assertIn(f"\n{line}\n", said, client.command)
        self.assertNotIn("mid-1.5.dist-info", installed(self.folder))
        self.assertNotIn(f"/files/{self.mid.filename}", {request.path for request in self.upstream.requests})

    def test_wrong_bytes_fail(self) -> None:
        """The page of the upstream has the right digest, and the file is another one of the same length."""
        self.upstream.fail(f"/files/{self.mid.filename}", WrongBytes())
        ended, said = self.run_all("whole.txt")
        for client, done in zip(HERE, ended, strict=True):
            self.assertNotEqual(done.status, 0, client.command)
            self.assertIn(client.wrong, done.said, client.command)
        self.assertIn(f"wrong bytes for {self.mid.filename}", said)
        self.assertNotIn("mid-1.5.dist-info", installed(self.folder))

    def test_all_clients_of_the_page_were_run(self) -> None:
        left_out = [client.command for client in CLIENTS if client not in HERE]
        if left_out:
            raise SkipTest(f"this Python is too new for {left_out}: the other tests left it out")

    def test_cargo_is_refused_with_words(self) -> None:
        """It asks an index of crates, as the build of an sdist in Rust does."""
        cargo = shutil.which("cargo")
        if cargo is None:
            raise SkipTest("cargo is not here")
        package = '[package]\nname = "own"\nversion = "1.0.0"\n[dependencies]\nserde = "1"\n[lib]\npath = "lib.rs"\n'
        self.write("Cargo.toml", package)
        self.write("lib.rs", "")
        other = (
            '[source.crates-io]\nreplace-with = "other"\n[source.other]\nregistry = "sparse+https://crates.example/"\n'
        )
        self.write(".cargo/config.toml", other)
        own = {"CARGO_HOME": str(self.folder / "cargo"), "CARGO_NET_RETRY": "0"}
        own["RUSTUP_HOME"] = os.environ.get("RUSTUP_HOME", str(Path("~/.rustup").expanduser()))
        done = self.run_behind("whole.txt", cargo, "fetch", options=self.seal, **own)
        self.assertNotEqual(done.status, 0)
        self.assertIn("crates.example: not in this lock", done.said)
        self.assertIn("# reqpi: crates.example was asked by cargo: not in this lock\n", done.said)


def installed(folder: Path) -> set[str]:
    """Return which of the two packages are below a folder, in environments and inside a pex."""
    return {
        name
        for name in ("top-1.0.dist-info", "mid-1.5.dist-info")
        if any("cache" not in path.parts for path in folder.rglob(name))
        or any(f"/{name}/" in member for pex in folder.rglob("out.pex") for member in names_in(pex))
    }


def names_in(path: Path) -> list[str]:
    """Return the names of the members of a zip archive."""
    with zipfile.ZipFile(path) as archive:
        return archive.namelist()
