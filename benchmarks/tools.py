"""The programs that are measured or that measure: Debian's, and environments of their own for those in Python."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from shutil import rmtree, which

from benchmarks.processes import run

__all__ = ["environment", "found_program", "installed", "program", "versions_of"]

_PATH = f"{os.environ.get('PATH', '')}:/usr/sbin"
_PACKAGES = {"nginx": "nginx-light", "wrk": "wrk", "openssl": "openssl"}


def found_program(name: str) -> str | None:
    """Where a program is, if it is here."""
    return which(name, path=_PATH)


def program(name: str) -> str:
    """Where a program is. Root gets it from Debian, if it is not here.

    :raises SystemExit: there is none, and it cannot be installed.
    """
    if found := found_program(name):
        return found
    package = _PACKAGES[name]
    if os.geteuid() or which("apt-get") is None:
        raise SystemExit(
            f"there is no {name} here. Install it, or run this as root on Debian: apt-get install {package}"
        )
    subprocess.run(["apt-get", "update", "-qq"], check=True, timeout=600, stdout=subprocess.DEVNULL)
    command = ["apt-get", "install", "-qq", "--no-install-recommends", package]
    noninteractive = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    subprocess.run(command, check=True, timeout=600, env=noninteractive, stdout=subprocess.DEVNULL)
    return which(name, path=_PATH) or name


def environment(work: Path, name: str, *requirements: str) -> Path:
    """The folder of the programs of an environment that has ``requirements``. It is made once.

    They are installed from wherever pip on this machine installs from.
    """
    place = work / "environments" / name
    made = place / "made"
    if not made.exists() or made.read_text() != repr(requirements):
        print(f"installing {', '.join(requirements)}", file=sys.stderr, flush=True)
        rmtree(place, ignore_errors=True)
        run([sys.executable, "-m", "venv", place], work)
        run([place / "bin" / "python", "-m", "pip", "install", "--quiet", "--upgrade", *requirements], work)
        made.write_text(repr(requirements))
    return place / "bin"


def installed(work: Path, name: str, *requirements: str) -> Path | None:
    """The same, or ``None``, with a word, where they cannot be had."""
    try:
        return environment(work, name, *requirements)
    except SystemExit as error:
        print(f"{name} is left out: {str(error)[-300:]}", file=sys.stderr, flush=True)
        return None


def versions_of(python: Path, names: Sequence[str]) -> dict[str, str]:
    """Of distributions in an environment; those that are not there are left out."""
    code = (
        "import sys, importlib.metadata as m\n"
        "for d in m.distributions():\n"
        "    if d.name.lower() in sys.argv[1:]: print(d.name.lower(), d.version)\n"
    )
    lines = run([python, "-c", code, *(name.lower() for name in names)], python.parent).splitlines()
    return dict(line.split(" ", 1) for line in lines)
