"""Every command that takes a store or a lock, run on the same store and lock."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from twisted.trial.unittest import SynchronousTestCase

from reqpi.cli import COMMANDS, module_of
from tests.cli.asking import OPEN
from tests.end_to_end.server import ROOT, Server

__all__ = ["EveryCommand", "commands_that_take_a_store_or_a_lock"]

TARGET = ("--platform", "manylinux2014_x86_64", "--python-version", "3.12", "--only-binary=:all:")
ASK = OPEN + "opened(sys.argv[1] + '/').read()"
STORE_ALONE = ("status", "verify", "sweep", "forget")
YEAR = 365 * 86400


def commands_that_take_a_store_or_a_lock() -> set[str]:
    """Those with ``--store``, or with an argument that is none of a few words."""
    return {command for command in COMMANDS if command not in ("help", "token") and _takes(command)}


def _takes(command: str) -> bool:
    actions = module_of(command).command_line()._actions
    return any(
        "--store" in action.option_strings or not (action.option_strings or action.choices) for action in actions
    )


class EveryCommand(SynchronousTestCase):
    """One method a command. A test gives the store and the options of whoever serves from it.

    :ivar folder: to work in.
    :ivar store: the path of the store.
    :ivar options: where files come from.
    """

    folder: Path
    store: Path
    options: Sequence[str]
    OTHER: ClassVar[str] = "other==1.0\n"

    def every_command(
        self, lock: str, *, pins: int, project: str, files: int, sources: Sequence[str] = (), without: str = ""
    ) -> None:
        """Run all of them that take a lock.

        :param lock: its name in ``folder``.
        :param pins: how many components its SBOM has.
        :param project: one that it pins.
        :param files: how many it admits for :data:`TARGET`.
        :param sources: projects that it takes from a URL or a repository.
        :param without: a command that would take long.
        """
        self.lock, self.pins, self.project, self.files, self.sources = lock, pins, project, files, sources
        (self.folder / "other.txt").write_text(self.OTHER)
        commands = commands_that_take_a_store_or_a_lock()
        missing = {command for command in commands if not hasattr(self, _method(command))}
        self.assertEqual(missing, set(), "write a method for each of these commands here")
        # fetch fills the folder and the store that others look into.
        first = ["check", "fetch", "server"]
        for command in [*first, *sorted(commands - {*first, *STORE_ALONE, without})]:
            getattr(self, _method(command))()
        self.server.stop()

    def every_command_without_a_lock(self) -> None:
        """Run those that find what all others left in the store."""
        for command in STORE_ALONE:
            getattr(self, _method(command))()

    def reqpi(self, *arguments: str, status: int | tuple[int, ...] = 0) -> str:
        """Run a command to its end; what it prints.

        :param status: the one that it ends with, or one of several.
        """
        environ = {name: value for name, value in os.environ.items() if not name.startswith(("REQPI_", "PIP_"))}
        done = subprocess.run(
            [sys.executable, "-m", "reqpi", *arguments], cwd=self.folder,
            env=environ | {"PYTHONPATH": str(ROOT), "HOME": str(self.folder)},
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=240, check=False,
        )  # fmt: skip
        allowed = (status,) if isinstance(status, int) else status
        self.assertIn(done.returncode, allowed, f"{arguments}\n{done.stderr}")
        self.assertNotIn("Traceback", done.stderr)
        return done.stdout

    @property
    def own(self) -> tuple[str, ...]:
        """A server inside the command, on the store."""
        return "--store", str(self.store), *self.options

    def command_check(self) -> None:
        self.reqpi("check", self.lock)

    def command_fetch(self) -> None:
        said = json.loads(self.reqpi("fetch", self.lock, "-o", f"{self.lock}.files", "--json", *TARGET, *self.own))
        self.assertEqual(len(said["files"]), self.files)

    def command_server(self) -> None:
        """And what asks it: ``gethash``."""
        self.server = Server(self.store, *self.options)
        self.addCleanup(self.server.stop)
        self.index = self.reqpi("gethash", "--url", self.server.url, "--hold", *TARGET, self.lock).strip()
        self.command_gethash()

    def command_gethash(self) -> None:
        again = self.reqpi("gethash", "--url", self.server.url, self.lock).strip()
        self.assertEqual(again, self.index)

    def command_run(self) -> None:
        self.reqpi("run", *self.own, self.lock, "--", sys.executable, "-c", ASK, self.project)

    def command_learn(self) -> None:
        """What the lock pins is not new."""
        command = ["--", sys.executable, "-c", ASK, self.project]
        self.reqpi("learn", "-r", self.lock, "-o", "learned.txt", *self.own, *command)

    def command_wheelhouse(self) -> None:
        self.reqpi("wheelhouse", self.lock, "-o", f"{self.lock}.tar", "--all-wheels", *TARGET, *self.own)
        with tarfile.open(self.folder / f"{self.lock}.tar") as archive:
            found = [member for member in archive if member.name.endswith((".whl", ".tar.gz", ".zip"))]
        self.assertEqual(len(found), self.files)

    def command_mirror(self) -> None:
        """The whole lock: a store that has what one platform needs may lack other files."""
        arguments = ("--no-crates", "--served-at", "https://pypi.example.org", *self.own)
        said = self.reqpi("mirror", self.lock, "-o", f"{self.lock}.tree", *arguments, status=(0, 3))
        page = self.folder / f"{self.lock}.tree" / self.address / "simple" / self.project / "index.html"
        self.assertEqual((said.strip() == self.address, page.is_file()), (bool(said), bool(said)))

    def command_build_requirements(self) -> None:
        self.reqpi("build-requirements", "--json", self.lock, *TARGET, *self.own)

    def command_sbom(self) -> None:
        for form, key in (("cyclonedx", "components"), ("spdx", "packages")):
            said = json.loads(self.reqpi("sbom", "--name", "", "--format", form, self.lock, *self.own))
            self.assertGreaterEqual(len(said[key]), self.pins)

    def command_merge_sboms(self) -> None:
        """The same lock in both forms is the same components."""
        forms = {form: f"{self.lock}.{form}.json" for form in ("cyclonedx", "spdx")}
        for form, name in forms.items():
            self.reqpi("sbom", "--name", "", "--format", form, "-o", name, self.lock, *self.own)
        merged = json.loads(self.reqpi("merge-sboms", *forms.values()))
        self.assertGreaterEqual(len(merged["components"]), self.pins)

    def command_env(self) -> None:
        self.assertIn(f"{self.lock}.files", self.reqpi("env", f"{self.lock}.files"))
        self.assertIn(self.index, self.reqpi("env", self.index.removesuffix("simple/")))

    def command_inject(self) -> None:
        """A requirements file without URLs stays as it is."""
        self.assertEqual(self.reqpi("inject", "-r", "other.txt", "--dry-run", f"{self.lock}.files"), "")

    def command_diff(self) -> None:
        """Against its address, where a source has a version in place of a URL; and against another lock."""
        said = self.reqpi("diff", self.lock, self.index.removesuffix("simple/"), status=6 if self.sources else 0)
        self.assertEqual(sorted({line.split()[1] for line in said.splitlines()}), sorted(self.sources))
        self.assertIn("+ other 1.0", self.reqpi("diff", self.lock, "other.txt", status=6))

    def command_drift(self) -> None:
        """An index that does not answer, or a finding, has a status of its own."""
        said = json.loads(self.reqpi("drift", self.lock, "--json", *self.own, status=(0, 3, 12)))
        self.assertIsInstance(said["findings"], list)

    def command_status(self) -> None:
        said = json.loads(self.reqpi("status", "--store", str(self.store), "--json"))
        self.assertEqual((said["store"]["kind"], said["holds"]), ("directory", 0))
        self.assertGreater(said["store"]["bytes"], 0)

    def command_verify(self) -> None:
        said = json.loads(self.reqpi("verify", "--store", str(self.store), "--json"))
        self.assertEqual((said["damages"], said["left"]), ([], 0))
        self.assertGreaterEqual(said["files"], self.files)

    def command_sweep(self) -> None:
        """Everything is in use."""
        for option in ("--dry-run", "--json"):
            said = self.reqpi("sweep", "--store", str(self.store), "--max-age", str(YEAR), option)
            self.assertIn("would remove 0 locks" if option == "--dry-run" else '"locks": 0', said)

    def command_deny(self) -> None:
        """Something that no lock pins."""
        store = ("--store", str(self.store))
        self.reqpi("deny", "no-such-project", "--because", "it is a test", *store)
        self.assertIn("no-such-project: it is a test", self.reqpi("deny", "--list", *store))
        self.reqpi("deny", "--revoke", "no-such-project", *store)

    def command_refreeze(self) -> None:
        """The upstream has the files that it had. Of a store that was made up, it knows more."""
        said = self.reqpi("refreeze", self.address, self.project, *self.own)
        first = said.partition("\n")[0].removeprefix(f"{self.project}: ")
        self.assertIn(first, ("nothing has changed", "1 file about which the index says something else"))

    def command_forget(self) -> None:
        """The last lock of all."""
        self.assertIn(self.address, self.reqpi("forget", self.address, "--store", str(self.store)))
        self.reqpi("forget", self.address, "--store", str(self.store), status=3)

    @property
    def address(self) -> str:
        """That of the lock."""
        return self.index.rstrip("/").split("/")[-2]


def _method(command: str) -> str:
    return f"command_{command.replace('-', '_')}"
