"""A ``CARGO_HOME`` for one command, whose cargo takes crates from the address of a lock and from no registry.

The folder of the user is not used: its configuration could name other sources, and crates that it has cached were
admitted by no lock. Cargo reads the replacement of sources from no environment variable, so a file is needed.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from shutil import which
from tempfile import TemporaryDirectory

from reqpi.cli.processes.cargo_commits import write_home, write_program
from reqpi.core.cargo_vars import with_cargo

__all__ = ["active_toolchain", "cargo_home", "fill_home"]

_PATIENCE = 10.0


def fill_home(home: Path, index_url: str, environ: Mapping[str, str], registries: Iterable[str] = ()) -> dict[str, str]:
    """Fill a folder that becomes a ``CARGO_HOME``; return the further variables that builds need.

    :param index_url: of an address, ``…/<address>/simple/``, with a login if it needs one.
    :param registries: to replace beside cargo's default one.
    """
    named = sorted(registries)
    write_home(home, index_url, named)
    return write_program(home, index_url, named, environ)


@contextmanager
def cargo_home(index_url: str, environ: Mapping[str, str], registries: Iterable[str] = ()) -> Iterator[dict[str, str]]:
    """Yield ``environ`` with a ``CARGO_HOME`` that is removed at the end.

    :param index_url: of an address, ``…/<address>/simple/``, with a login if it needs one.
    :param registries: to replace beside cargo's default one.
    """
    with TemporaryDirectory(prefix="reqpi-run-cargo-", ignore_cleanup_errors=True) as place:
        further = fill_home(Path(place), index_url, environ, registries)
        if further:
            further["PATH"] = f"{Path(place) / 'bin'}{os.pathsep}{environ.get('PATH', os.defpath)}"
        yield with_cargo(environ, place, active_toolchain(environ)) | further


def active_toolchain(environ: Mapping[str, str]) -> str:
    """Return the toolchain that rustup uses in the current folder; empty if there is none, or no rustup."""
    program = which("rustup", path=environ.get("PATH"))
    if program is None or environ.get("RUSTUP_TOOLCHAIN"):
        return ""
    try:
        command = [program, "show", "active-toolchain"]
        done = subprocess.run(  # noqa: S603 - the user's own rustup
            command,
            env={**environ, "RUSTUP_AUTO_INSTALL": "0"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_PATIENCE,
            check=False,
        )
    except (OSError, subprocess.SubprocessError, UnicodeDecodeError):
        return ""
    return done.stdout.split()[0] if done.returncode == 0 and done.stdout.split() else ""
