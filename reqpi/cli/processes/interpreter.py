"""A Python interpreter to build for: the wheels it can install, and a clean environment of it."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import packaging
from packaging.markers import InvalidMarker, Marker, UndefinedComparison, UndefinedEnvironmentName

from reqpi.client.errors import BadUsage

__all__ = ["Interpreter"]

_ASK = """\
import json, sys
sys.path.insert(0, sys.argv[1])
from packaging.markers import default_environment
from packaging.tags import sys_tags
tags = [[tag.interpreter, tag.abi, tag.platform] for tag in sys_tags()]
print(json.dumps({"tags": tags, "markers": default_environment()}))
"""
"""The program that the interpreter runs. It imports our copy of packaging and nothing else that is installed."""

_SHOWN = 3


class Interpreter:
    """A Python interpreter of this machine.

    :param python: its path, or its name in ``PATH``.
    """

    def __init__(self, python: str) -> None:
        self._python = python

    def fits(self, wheel: str) -> bool:
        """Return whether a wheel of that filename can be installed."""
        # Compressed tag sets are not expanded: a hostile filename would make 60,000 tags.
        tags = [set(part.split(".")) for part in wheel.lower().removesuffix(".whl").rsplit("-", 3)[1:]]
        if len(tags) != 3:
            return False
        interpreters, abis, platforms = tags
        return any(
            interpreter in interpreters and abi in abis and platform in platforms
            for interpreter, abi, platform in self._facts["tags"]
        )

    def marker_holds(self, marker: str) -> bool:
        """Return whether a requirement with that marker is installed; ``True`` if the marker cannot be evaluated."""
        try:
            return not marker or Marker(marker).evaluate(self._facts["markers"])
        except (InvalidMarker, UndefinedComparison, UndefinedEnvironmentName):
            return True

    def make_venv(self, folder: Path, environ: Mapping[str, str]) -> Path:
        """Make an environment that has only pip.

        :returns: the path of its Python.
        :raises BadUsage: the environment cannot be made.
        """
        self._run(["-I", "-m", "venv", str(folder)], environ)
        return folder / "bin" / "python"

    @cached_property
    def _facts(self) -> dict[str, Any]:
        ours = str(Path(packaging.__file__).parents[1])
        facts: dict[str, Any] = json.loads(self._run(["-I", "-c", _ASK, ours], os.environ))
        return facts

    def _run(self, arguments: list[str], environ: Mapping[str, str]) -> str:
        try:
            done = subprocess.run(  # noqa: S603 - it is the user's own Python
                [self._python, *arguments], capture_output=True, text=True, check=False, env=environ
            )
        except (OSError, ValueError) as error:
            raise BadUsage(f"{self._python} cannot be run: {getattr(error, 'strerror', None) or error}") from error
        if done.returncode:
            last = " ".join((done.stderr.strip() or done.stdout.strip()).splitlines()[-_SHOWN:])
            raise BadUsage(f"{self._python} cannot make an environment to build in", last or "It printed no reason.")
        return done.stdout
