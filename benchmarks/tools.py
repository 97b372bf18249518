"""The programs that the benchmarks need: from Debian, or in Python environments of their own."""

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
    """Return the path of a program, or ``None`` if it is not installed."""
    return which(name, path=_PATH)


def program(name: str) -> str:
    """Return the path of a program; root installs it from Debian if it is missing.

    :raises SystemExit: the program is missing, and this process cannot install it.
    """
    if found := found_program(name):
        return found
    package = _PACKAGES[name]
    if os.geteuid() or which("apt-get") is None:
        raise SystemExit(
            f"{name} is not installed. Install it (on Debian: apt-get install {package}), or run this as root on Debian"
        )
    subprocess.run(["apt-get", "update", "-qq"], check=True, timeout=600, stdout=subprocess.DEVNULL)
    command = ["apt-get", "install", "-qq", "--no-install-recommends", package]
    noninteractive = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    subprocess.run(command, check=True, timeout=600, env=noninteractive, stdout=subprocess.DEVNULL)
    return which(name, path=_PATH) or name


def environment(work: Path, name: str, *requirements: str) -> Path:
    """Return the folder of the programs of an environment that has ``requirements``; it is made once.

    The requirements are installed from the index that pip is configured with on this machine.

    :param name: the name of the environment, under ``work``.
    :raises SystemExit: they cannot be installed.
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
    """Return the same folder, or ``None``, after a message, if the requirements cannot be installed."""
    try:
        return environment(work, name, *requirements)
    except SystemExit as error:
        print(f"skipping {name}: {str(error)[-300:]}", file=sys.stderr, flush=True)
        return None


def versions_of(python: Path, names: Sequence[str]) -> dict[str, str]:
    """Return the versions of distributions in an environment; those that are not installed are omitted."""
    code = (
        "import sys, importlib.metadata as m\n"
        "for d in m.distributions():\n"
        "    if d.name.lower() in sys.argv[1:]: print(d.name.lower(), d.version)\n"
    )
    lines = run([python, "-c", code, *(name.lower() for name in names)], python.parent).splitlines()
    return dict(line.split(" ", 1) for line in lines)
