"""The ``CARGO_HOME`` of a run, and the variables of a folder that has crates."""

from __future__ import annotations

import json
import os
import stat
import sys
import tomllib
from base64 import b64decode, b64encode
from pathlib import Path

from reqpi.cli.processes.cargo_home import cargo_home
from reqpi.cli.processes.cargo_settings import config_for, registries_in
from reqpi.core.address import address_of
from reqpi.core.crates.cargo_config import config_of_folder
from tests.cli.process import DOCUMENT, CommandTestCase
from tests.rust_sdists import cargo_lock

INDEX = f"http://127.0.0.1:2000/{address_of(DOCUMENT)}/simple/"
CRATES = INDEX.replace("simple", "crates")
TOKEN = "Basic cmVxcGk6c2VjcmV0"
OTHER = "sparse+https://crates.example/index/"


class CargoHomeTests(CommandTestCase):
    """What cargo reads behind an address."""

    def test_a_run_has_a_home_of_its_own_that_is_removed(self) -> None:
        with cargo_home(INDEX, {"CARGO_HOME": "/own", "PATH": ""}) as environ:
            home = Path(environ["CARGO_HOME"])
            self.assertEqual(stat.S_IMODE(home.stat().st_mode), 0o700)
            config = tomllib.loads((home / "config.toml").read_text())
        self.assertFalse(home.exists())
        self.assertEqual(config["source"]["reqpi"], {"registry": f"sparse+{CRATES}"})
        self.assertEqual(environ["MATURIN_NO_INSTALL_RUST"], "true")
        self.assertNotIn("RUSTUP_TOOLCHAIN", environ)

    def test_the_toolchain_is_fixed_so_that_an_sdist_cannot_choose_one(self) -> None:
        """The user's own choice stays."""
        program = self.folder / "rustup"
        program.write_text('#!/bin/sh\n[ "$*" = "show active-toolchain" ] && echo "stable-of-folder (default)"\n')
        program.chmod(0o755)
        with cargo_home(INDEX, {"PATH": str(self.folder)}) as environ:
            self.assertEqual(environ["RUSTUP_TOOLCHAIN"], "stable-of-folder")
        with cargo_home(INDEX, {"PATH": str(self.folder), "RUSTUP_TOOLCHAIN": "own"}) as environ:
            self.assertEqual(environ["RUSTUP_TOOLCHAIN"], "own")
        program.write_text("#!/bin/sh\nexit 1\n")
        with cargo_home(INDEX, {"PATH": str(self.folder)}) as environ:
            self.assertNotIn("RUSTUP_TOOLCHAIN", environ)

    def test_a_login_becomes_a_token(self) -> None:
        """A URL with a password would reach the index, and not the crates."""
        config = tomllib.loads(config_for(INDEX.replace("//", "//reqpi:secret@")).decode())
        self.assertEqual(
            config["registries"]["reqpi"], {"index": f"sparse+{CRATES}", "token": "Basic cmVxcGk6c2VjcmV0"}
        )

    def test_registries_are_found_in_a_cargo_lock(self) -> None:
        """Cargo's default one is always replaced, and other locks name none."""
        other = cargo_lock("own", "1.0.0", source=OTHER).encode()
        self.assertEqual(registries_in([cargo_lock("own", "1.0.0").encode(), other, DOCUMENT]), [OTHER])


class EnvTests(CommandTestCase):
    """``reqpi env`` for cargo."""

    def said(self, *arguments: str) -> dict[str, str]:
        status, out, err = self.run_reqpi("env", *arguments, "--shell", "json")
        self.assertEqual((status, err), (0, ""))
        found: dict[str, dict[str, str]] = json.loads(out)
        return found["set"]

    def test_a_folder_with_crates(self) -> None:
        """Where it is, or where it will be."""
        home = self.folder / "out" / ".cargo"
        home.mkdir(parents=True)
        self.assertNotIn("CARGO_HOME", self.said("out"))
        (home / "config.toml").write_bytes(config_of_folder("deps/cargo", unpacked=True))
        self.assertEqual(self.said("out")["CARGO_HOME"], str(home))
        self.assertEqual(self.said("out", "--for-output-dir", "/deps/")["CARGO_HOME"], "/deps/.cargo")

    def test_an_address(self) -> None:
        """The file may have a login, so only the user can read it."""
        said = self.said(INDEX.replace("//", "//own:secret@"), "--cargo-home", "home")
        config = self.folder / "home" / "config.toml"
        self.assertEqual(said["CARGO_HOME"], str(self.folder / "home"))
        self.assertEqual(stat.S_IMODE(config.stat().st_mode), 0o600)
        self.assertIn("Basic", config.read_text())
        self.assertNotIn("CARGO_HOME", self.said(INDEX))

    def test_the_token_of_the_user_is_in_the_file_and_not_in_what_is_printed(self) -> None:
        """From a file or from REQPI_TOKEN; a login in the URL takes precedence."""
        (self.folder / "token").write_text("of-a-file\n")
        config = self.folder / "home" / "config.toml"
        for options, environ, login in (
            ((), "of-the-variable", "__token__:of-the-variable"),
            (("--token-file", "token"), "of-the-variable", "__token__:of-a-file"),
        ):
            self.environ["REQPI_TOKEN"] = environ
            said = self.said(INDEX, "--cargo-home", "home", *options)
            self.assertNotIn("__token__", json.dumps(said))
            written = tomllib.loads(config.read_text())["registries"]["reqpi"]["token"]
            self.assertEqual(b64decode(written.removeprefix("Basic ")).decode(), login)
        self.said(INDEX.replace("//", "//own:secret@"), "--cargo-home", "home")
        self.assertIn(b64encode(b"own:secret").decode(), config.read_text())

    def test_a_file_of_a_token_is_for_cargo(self) -> None:
        (self.folder / "token").write_text("secret\n")
        for words in ((INDEX,), (".",)):
            status, _, err = self.run_reqpi("env", *words, "--token-file", "token")
            self.assertEqual(status, 2)
            self.assertIn("--token-file is for", err)

    def test_a_folder_needs_no_other_home(self) -> None:
        os.makedirs(self.folder / "out")
        status, _, err = self.run_reqpi("env", "out", "--cargo-home", "home")
        self.assertEqual(status, 2)
        self.assertIn("--cargo-home is for the URL of an address", err)

    def test_a_home_that_cannot_be_written_is_named(self) -> None:
        """Whatever is in the way stays as it was."""
        (self.folder / "home" / "config.toml").mkdir(parents=True)
        (self.folder / "other").mkdir()
        (self.folder / "other" / "bin").write_text("own")
        self.environ["CARGO"] = sys.executable
        for home, named in (("home", "home/config.toml"), ("other", "other")):
            status, out, err = self.run_reqpi("env", INDEX, "--cargo-home", home)
            self.assertEqual((status, out), (2, ""))
            self.assertIn(f"{named} cannot be written", err)
        self.assertEqual((self.folder / "other" / "bin").read_text(), "own")

    def test_a_file_that_others_could_read_is_replaced(self) -> None:
        config = self.folder / "home" / "config.toml"
        config.parent.mkdir()
        config.write_text("# another program's\n")
        config.chmod(0o644)
        self.said(INDEX.replace("//", "//own:secret@"), "--cargo-home", "home")
        self.assertEqual(stat.S_IMODE(config.stat().st_mode), 0o600)
        self.assertIn("Basic", config.read_text())
