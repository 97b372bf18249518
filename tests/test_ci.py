"""``.ci/run`` puts the Pythons of pyenv where tox finds them, and says on which the unit tests ran."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from textwrap import dedent
from types import SimpleNamespace

from twisted.trial.unittest import SynchronousTestCase

from tests.conftest import pytest_collection_modifyitems

ROOT = Path(__file__).parents[1]
SCRIPT = ROOT / ".ci" / "pythons.py"
PYENV = """\
#!/bin/sh
case "$1" in
versions) printf '%s\\n' 2.7.18 3.9.18 3.11.4 3.11.12 3.13.0 3.13.1t 3.14.0rc2 3.12.1 pypy3.11-7.3.19 mine ;;
prefix) echo "/opt/pyenv/versions/$2" ;;
*) exit 1 ;;
esac
"""


class Pythons(SynchronousTestCase):
    def setUp(self) -> None:
        self.folder = Path(self.mktemp())
        self.folder.mkdir()

    def say(self, *words: object) -> str:
        done = subprocess.run(
            [sys.executable, str(SCRIPT), *map(str, words)],
            env={**os.environ, "PATH": f"{self.folder}:/usr/bin:/bin"},
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return done.stdout.strip()

    def test_the_newest_release_of_each_supported_version_is_found(self) -> None:
        """No preview, no free-threaded build, no other implementation, nothing too old."""
        program = self.folder / "pyenv"
        program.write_text(PYENV)
        program.chmod(0o755)
        found = [f"/opt/pyenv/versions/{version}/bin" for version in ("3.11.12", "3.12.1", "3.13.0")]
        self.assertEqual(self.say("folders").split(":"), found)

    def test_without_pyenv_nothing_is_found(self) -> None:
        self.assertEqual(self.say("folders"), "")

    def test_a_pyenv_that_fails_adds_nothing(self) -> None:
        program = self.folder / "pyenv"
        program.write_text("#!/bin/sh\nexit 1\n")
        program.chmod(0o755)
        self.assertEqual(self.say("folders"), "")

    def test_the_oldest_is_named_where_a_later_one_is_too(self) -> None:
        program = self.folder / "pyenv"
        for listed, oldest in (
            ("3.11.7 3.12.1 3.13.0", "3.11.7"),
            ("3.12.1 3.14.2 3.11.12", "3.11.12"),
            ("3.12.1 3.13.0", ""),
            ("3.11.7", ""),
        ):
            with self.subTest(listed):
                program.write_text(f"#!/bin/sh\nprintf '%s\\n' {listed}\n")
                program.chmod(0o755)
                self.assertEqual(self.say("oldest"), oldest)

    def test_3_12_stands_between_the_oldest_and_the_newest(self) -> None:
        program = self.folder / "pyenv"
        for listed, between in (
            ("3.11.7 3.12.1 3.13.0", "3.12.1"),
            ("3.12.1 3.14.2 3.11.12", "3.12.1"),
            ("3.12.1 3.13.0", ""),
            ("3.11.7 3.12.1", ""),
            ("3.11.7 3.13.0", ""),
            ("", ""),
        ):
            with self.subTest(listed):
                program.write_text(f"#!/bin/sh\nprintf '%s\\n' {listed}\n")
                program.chmod(0o755)
                self.assertEqual(self.say("between"), between)

    def test_each_python_is_named_with_how_it_ended(self) -> None:
        """From what tox wrote: one passed, one failed, one is not here; other environments are no matter."""
        done = {"retcode": 0, "elapsed": 61.4}
        envs = {
            "py311": {"python": {"version": "3.11.7 (main)"}, "test": [done, done], "result": {"skipped": False}},
            "py312": {"python": {"version": "3.12.1 (main)"}, "test": [{"retcode": 1, "elapsed": 9.9}], "result": {}},
            "py314": {"result": {"success": True, "skipped": True}},
            "lint": {"python": {"version": "3.11.7 (main)"}, "test": [done], "result": {}},
        }
        result = self.folder / "tox.json"
        result.write_text(json.dumps({"testenvs": envs}))
        said = """\
            === unit tests, Python 3.11.7: passed, 123 s
            === unit tests, Python 3.12.1: FAILED, 10 s
            === unit tests, Python 3.14: NOT RUN: there is none here"""
        self.assertEqual(self.say("ran", result), dedent(said))

    def test_a_tox_that_wrote_nothing_is_no_success(self) -> None:
        self.assertEqual(self.say("ran", self.folder / "none.json"), "=== unit tests, NOT RUN: tox wrote no result")


class OneInTests(SynchronousTestCase):
    """The option of pytest with which Pythons before the newest run fewer tests."""

    def test_of_each_file_the_first_and_every_nth_and_those_that_are_marked(self) -> None:
        class Item:
            def __init__(self, path: str, mark: str = "") -> None:
                self.path, self.mark = path, mark

            def get_closest_marker(self, name: str) -> bool:
                return self.mark == name

        marked = [Item("a", mark="every_python"), Item("c"), Item("c", mark="processes"), Item("c", mark="live")]
        files = [Item("a"), Item("a"), marked[0], Item("a"), Item("a"), Item("b"), Item("b"), *marked[1:]]
        left_out: list[Item] = []

        def deselect(items: list[Item]) -> None:
            left_out.extend(items)

        hook = SimpleNamespace(pytest_deselected=deselect)
        for step, kept in ((1, list(range(10))), (4, [0, 2, 4, 5, 7, 8])):
            config = SimpleNamespace(getoption={"--one-in": step}.__getitem__, hook=hook)
            items = list(files)
            pytest_collection_modifyitems(config, items)  # type: ignore[arg-type]
            self.assertEqual([files.index(item) for item in items], kept)
        self.assertEqual(left_out, [files[1], files[3], files[6], files[9]])


class Tox(SynchronousTestCase):
    def test_every_supported_python_has_an_environment(self) -> None:
        """Those that the project's metadata names, at least."""
        project = (ROOT / "pyproject.toml").read_text("utf-8")
        supported = set(re.findall(r'"Programming Language :: Python :: 3\.(\d+)"', project))
        listed = re.search(r"^env_list = .*py3\{([0-9,]+)\}", (ROOT / "tox.ini").read_text("utf-8"), re.MULTILINE)
        assert listed is not None
        self.assertEqual(supported - set(listed[1].split(",")), set())
