"""What this host has already decided: where a user's programs keep their state, and which index pip uses."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from platformdirs import user_state_path

from reqpi.errors import Misconfigured

__all__ = ["default_store", "default_upstream"]

_ASK_PIP = """
from pip._internal.commands import create_command
print(create_command("download").parser.get_default_values().index_url)
"""
# What ``pip download`` would use: its environment, its configuration files, and last what is built into it.


def default_store() -> Path:
    """A directory under the user's state directory."""
    return user_state_path("reqpi")


def default_upstream() -> str:
    """The index that pip is configured with on this host.

    :raises reqpi.errors.Misconfigured: there is no pip to be asked.
    """
    configured = os.environ.get("PIP_INDEX_URL")
    if configured:
        return configured
    for python in _pythons():
        url = _ask(python)
        if url:
            return url
    raise Misconfigured(
        "no upstream is known", "There is no pip here to ask for its index. Name one with --upstream URL."
    )


def _pythons() -> Iterator[str]:
    """Our own interpreter, and others that may have pip where it has none."""
    yield sys.executable
    for name in ("python3", "python"):
        found = shutil.which(name)
        if found:
            yield found


def _ask(python: str) -> str | None:
    try:
        asked = subprocess.run([python, "-c", _ASK_PIP], capture_output=True, text=True, timeout=30, check=False)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired):
        return None
    url = asked.stdout.strip()
    return url if asked.returncode == 0 and url.startswith(("http://", "https://")) else None
