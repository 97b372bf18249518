"""The registry of crates that cargo uses on this host: the configured one, or the one that is built into cargo."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import tomllib
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from reqpi.core.errors import Misconfigured

__all__ = ["default_registry"]

_STEPS = 8
"""Sources that replace each other, at most."""

_ASKED = re.compile(r"`(https?://[^\s`]+?)/config\.json`")
"""The first file of a registry that cargo requests, as its error names it."""

_MANIFEST = '[package]\nname = "x"\nversion = "0.0.0"\nedition = "2021"\n\n[dependencies]\na = "*"\n'

_NOT_PASSED = ("NO_PROXY", "no_proxy")

_ADVICE = "Name the sparse index of a registry with --crates URL."


def default_registry(environ: Mapping[str, str] = os.environ) -> str:
    """Return the sparse registry that cargo is configured with on this host, or the one that is built into it.

    :raises reqpi.core.errors.Misconfigured: there is no cargo, or it takes crates from something else.
    """
    home = Path(environ.get("CARGO_HOME") or Path.home() / ".cargo")
    configured = _configured(home)
    if configured is None:
        configured = _built_in(environ)
    if configured is None:
        raise Misconfigured("no registry of crates is known", f"No cargo on this host has a sparse one. {_ADVICE}")
    return configured


def _configured(home: Path) -> str | None:
    """Return the registry that replaces the built-in one; ``None`` if none does."""
    config = next((read for name in ("config", "config.toml") if (read := _read(home / name))), {})
    name = "crates-io"
    for _ in range(_STEPS):
        replacement = _table(config, "source", name).get("replace-with")
        if not isinstance(replacement, str):
            break
        name = replacement
    if name == "crates-io":
        return None
    url = _table(config, "source", name).get("registry") or _table(config, "registries", name).get("index")
    if not isinstance(url, str) or not url.startswith("sparse+http"):
        raise Misconfigured("cargo takes crates from something that is not a sparse registry", _ADVICE)
    return url.removeprefix("sparse+")


def _table(config: Mapping[str, Any], group: str, name: str) -> Mapping[str, Any]:
    """Return a table such as ``[source.crates-io]``; an empty one if it is not there."""
    tables = config.get(group)
    table = tables.get(name) if isinstance(tables, dict) else None
    return table if isinstance(table, dict) else {}


def _read(path: Path) -> Mapping[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return {}


def _built_in(environ: Mapping[str, str]) -> str | None:
    """Return the registry that is built into cargo, which its error names when it cannot reach the network."""
    cargo = shutil.which("cargo", path=environ.get("PATH"))
    if cargo is None:
        return None
    with TemporaryDirectory(prefix="reqpi-") as folder, socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))  # nothing listens there, so cargo reaches nothing
        source = Path(folder, "src")
        source.mkdir()
        source.joinpath("lib.rs").touch()
        Path(folder, "Cargo.toml").write_text(_MANIFEST)
        own = {
            "CARGO_HOME": str(Path(folder, "home")),
            "CARGO_HTTP_PROXY": f"http://127.0.0.1:{deaf.getsockname()[1]}",
            "CARGO_NET_RETRY": "0",
            "RUSTUP_AUTO_INSTALL": "0",
        }
        passed = {name: value for name, value in environ.items() if name not in _NOT_PASSED}
        return _asked(cargo, folder, passed | own)


def _asked(cargo: str, folder: str, environ: Mapping[str, str]) -> str | None:
    try:
        asked = subprocess.run(  # noqa: S603
            [cargo, "generate-lockfile"], cwd=folder, env=environ, capture_output=True, timeout=30, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = _ASKED.search(asked.stderr.decode("utf-8", "replace"))
    return None if found is None else f"{found[1]}/"
