"""A ``CARGO_HOME`` for one command, whose cargo takes crates from the address of a lock and from no registry.

The folder of the user is not used: its configuration could name other sources, and crates that it has cached were
admitted by no lock. Cargo reads the replacement of sources from no environment variable, so a file is needed.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from shutil import which
from tempfile import TemporaryDirectory

from reqpi.client.environment import credentials_for
from reqpi.client.exchange import basic
from reqpi.client.target import target_of
from reqpi.core.cargo_vars import with_cargo
from reqpi.core.crates.cargo_config import config_of_index
from reqpi.core.crates.registry_names import registry_of

__all__ = ["active_toolchain", "cargo_home", "config_for", "registries_in"]

_SOURCE = re.compile(rb'^source = "((?:registry|sparse)\+[!-~]{1,2000})"\r?$', re.MULTILINE)
"""The source of a crate in a Cargo.lock, as cargo writes it."""

_PATIENCE = 10.0


def registries_in(documents: Iterable[bytes]) -> list[str]:
    """Return the registries that Cargo.locks among these documents name, except cargo's default one."""
    named = {registry_of(found.decode()) for data in documents for found in _SOURCE.findall(data)}
    return sorted(named - {""})


def config_for(index_url: str, registries: Iterable[str] = ()) -> bytes:
    """Return the configuration with which cargo takes crates from an address. It has the login: keep it private.

    :param index_url: of the address, ``…/<address>/simple/``, with a login if it needs one that netrc does not have.
    :param registries: to replace beside cargo's default one.
    """
    target = target_of(index_url)
    login = target.credentials or credentials_for(target.host)  # cargo reads no netrc
    crates_url = f"{target.url.removesuffix('/simple')}/crates/"
    return config_of_index(crates_url, registries, basic(login) if login else "")


@contextmanager
def cargo_home(index_url: str, environ: Mapping[str, str], registries: Iterable[str] = ()) -> Iterator[dict[str, str]]:
    """Yield ``environ`` with a ``CARGO_HOME`` that is removed at the end.

    :param index_url: of an address, ``…/<address>/simple/``, with a login if it needs one.
    :param registries: to replace beside cargo's default one.
    """
    with TemporaryDirectory(prefix="reqpi-run-cargo-", ignore_cleanup_errors=True) as place:
        (Path(place) / "config.toml").write_bytes(config_for(index_url, registries))
        yield with_cargo(environ, place, active_toolchain(environ))


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
