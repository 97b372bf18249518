"""Where a page is played: an empty folder, an upstream of the tests' own, and the programs that the page names.

A page is played word for word, with two things arranged behind its back. pip here is configured with the tests' own
upstream, which has a few small releases under the names of real ones. And port 2000, where it stands on the page, is
another one that is free; so is the host that the page calls its host of git repositories, which has a repository called
``greeting``.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from random import randrange
from shutil import which
from socket import socket
from tempfile import TemporaryDirectory
from typing import Self

from tests.fake_upstream import Upstream
from tests.sourcehost import SourceHost
from tests.transcripts.matching import difference, matches
from tests.transcripts.pages import Command, Left, Page, Written
from tests.transcripts.terminals import Shell, Terminal

__all__ = ["Stage", "program"]

ROOT = Path(__file__).parents[2]

_BACKEND = '''\
"""Builds a wheel with the standard library alone (:pep:`517`)."""

from zipfile import ZipFile

INFO = "greeting-1.0.dist-info"
FILES = {
    f"{INFO}/METADATA": "Metadata-Version: 2.1\\nName: greeting\\nVersion: 1.0\\n",
    f"{INFO}/WHEEL": "Wheel-Version: 1.0\\nGenerator: us\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n",
    f"{INFO}/RECORD": "",
}


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    name = "greeting-1.0-py3-none-any.whl"
    with ZipFile(f"{wheel_directory}/{name}", "w") as wheel:
        wheel.write("greeting.py")
        for path, content in FILES.items():
            wheel.writestr(path, content)
    return name
'''
_GREETING = {
    "backend.py": _BACKEND,
    "greeting.py": 'print("hello")\n',
    "pyproject.toml": '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n',
}
"""A repository, and so a commit that is the same everywhere; it needs nothing to be built with."""

_TO_START = 30.0  # seconds until a command that is left running has printed what the page shows

_OURS = "import sys; sys.path.insert(0, {root!r}); from {module} import {name}; sys.exit({name}())"
_PROGRAMS = {
    "python": [sys.executable],
    "reqpi": [sys.executable, "-c", _OURS.format(root=str(ROOT), module="reqpi.cli", name="main")],
    "twistd": [sys.executable, "-c", _OURS.format(root=str(ROOT), module="twisted.scripts.twistd", name="run")],
}


class Stage:
    """A folder with all that a page needs around it.

    :param host: what the page calls the host of its git repositories; empty where it has none.
    :ivar folder: where the commands run.
    """

    def __init__(self, host: str = "") -> None:
        self._room = TemporaryDirectory()
        room = Path(self._room.name)
        self.folder, home, programs = (room / name for name in ("work", "home", "programs"))
        for folder in (self.folder, home, programs):
            folder.mkdir()
        self._upstream = _stocked()
        self._port = _free_port()
        self._host = host
        self._sources = SourceHost() if host else None
        _provide(programs)
        self._environ = {
            "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
            "HOME": str(home),
            "LANG": "C.UTF-8",
            "TERM": "dumb",
            "NO_COLOR": "1",
            "COLUMNS": "200",
            "PYTHONUNBUFFERED": "1",
            "PIP_CONFIG_FILE": os.devnull,
            "PIP_INDEX_URL": self._upstream.url,
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            "UV_NO_CONFIG": "1",
            "UV_DEFAULT_INDEX": self._upstream.url,
            "UV_PYTHON_DOWNLOADS": "never",
            "REQPI_HTTP": f"tcp:{self._port}:interface=127.0.0.1",
        }
        if self._sources is not None:
            self._sources.repository("greeting").commit(_GREETING)
            self._environ["REQPI_CA"] = str(self._sources.authority)
        self._terminals: dict[str, Terminal] = {}
        # Not for the other terminals: a server takes it for its own canonical URL.
        default = {"REQPI_URL": f"http://localhost:{self._port}"}
        self._shell = Shell(self.folder, self._environ | default, room)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for terminal in (self._shell, *self._terminals.values()):
            terminal.end()
        self._upstream.close()
        if self._sources is not None:
            self._sources.close()
        self._room.cleanup()

    def play(self, page: Page) -> None:
        """Play all of a page.

        :raises AssertionError: something else happened than what the page says.
        """
        for step, following in pairwise([*page.steps, None]):
            if isinstance(step, Written):
                (self.folder / step.name).write_text(self._at_host(step.text))
            elif isinstance(step, Left):
                self._leave(step)
            elif isinstance(step, Command):
                self._run(step, told=isinstance(following, Command) and following.text == "echo $?")

    def _run(self, command: Command, *, told: bool) -> None:
        """Run a command of the main terminal; ``told``: the page goes on with its exit status."""
        status, printed = self._shell.run(self._here(command.text))
        if command.expected is not None:
            self._compare(command, printed)
        if status and not told:
            printed = "" if command.expected is not None else f":\n{printed}"
            raise AssertionError(f"line {command.line}: $ {command.text}\nends with {status}, untold{printed}")

    def _leave(self, left: Left) -> None:
        before = self._terminals.pop(left.terminal, None)
        if before is not None:
            try:
                before.interrupt()
            finally:
                before.end()
        program = ["bash", "-c", self._here(left.command.text)]
        terminal = Terminal(program, self.folder, self._environ, subprocess.DEVNULL)
        self._terminals[left.terminal] = terminal
        expected = left.command.expected or ()
        # It may print more, later on: that is no business of this block.
        if not terminal.wait_until(lambda printed: matches([*expected, "…"], self._lines(printed)), _TO_START):
            self._compare(left.command, terminal.printed)

    def _compare(self, command: Command, printed: str) -> None:
        found = difference(command.expected or (), self._lines(printed))
        if found:
            raise AssertionError(f"line {command.line}: $ {command.text}\n{found}")

    def _here(self, command: str) -> str:
        return self._at_host(re.sub(r":2000\b", f":{self._port}", command))

    def _at_host(self, text: str) -> str:
        return text.replace(self._host, self._sources.name) if self._sources is not None else text

    def _lines(self, printed: str) -> list[str]:
        as_written = printed.replace(f":{self._port}", ":2000")
        if self._sources is not None:
            as_written = as_written.replace(self._sources.name, self._host)
        return [line.rstrip() for line in as_written.splitlines()]


def program(name: str) -> str | None:
    """Where a program is: beside this Python, or on the path."""
    return which(name, path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")


def _provide(folder: Path) -> None:
    """The programs that are not on the path as a page means them, or not at all."""
    words = {name: shlex.join(command) for name, command in _PROGRAMS.items()}
    if uv := program("uv"):
        words["uv"] = shlex.quote(uv)
    for name, command in words.items():
        (folder / name).write_text(f'#!/bin/sh\nexec {command} "$@"\n')
        (folder / name).chmod(0o755)


def _stocked() -> Upstream:
    upstream = Upstream()
    for version in ("1.16.0", "1.17.0"):
        upstream.wheel("six", version, tag="py2.py3-none-any")
        upstream.sdist("six", version)
    for version in ("2.8.2", "2.9.0.post0"):
        upstream.wheel("python-dateutil", version, ["six>=1.5"], tag="py2.py3-none-any")
    upstream.wheel("idna", "3.10")
    upstream.sdist("docopt", "0.6.2", build_requires=["setuptools>=40.8.0"])
    upstream.wheel("setuptools", "80.9.0")
    return upstream


def _free_port() -> int:
    """A port that no outgoing connection takes by itself meanwhile: those have higher ones."""
    while True:
        port = randrange(20000, 30000)
        with socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port
