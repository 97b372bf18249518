"""What this host has already decided: where a user's programs keep their state, and which index pip uses."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from platformdirs import user_cache_path, user_state_path

from reqpi.core.errors import Misconfigured

__all__ = ["builtin_index", "default_spool", "default_store", "default_upstream"]

_ASK_PIP = """
import sys
sys.path = [entry for entry in sys.path if entry]
from pip._internal.cli.cmdoptions import index_url
from pip._internal.cli.parser import ConfigOptionParser
parser = ConfigOptionParser(name="install", add_help_option=False)
parser.add_option(index_url())
print()
print(parser.get_default_values().index_url)
"""
# What ``pip install`` would use: its environment, its configuration files, and last what is built into it. All of the
# command would take a second to import; its parser reads the same in every pip from 20 on. The empty entry is the
# working directory: a folder ``pip`` in somebody's checkout is not to be run. The line of its own is for what a site's
# customisation may print before.

_ASK_PIP_BUILT_IN = """
import sys
sys.path = [entry for entry in sys.path if entry]
from pip._internal.models.index import PyPI
print()
print(PyPI.simple_url)
"""


def default_store() -> Path:
    """A directory under the user's state directory."""
    return user_state_path("reqpi")


def default_spool() -> Path:
    """A directory under the user's cache directory, for what is on its way into an object store."""
    return user_cache_path("reqpi") / "incoming"


def default_upstream() -> str:
    """The index that pip is configured with on this host.

    :returns: as pip has it: there may be a user and a password in it.
    :raises reqpi.core.errors.Misconfigured: there is no pip to be asked, or it cannot read its configuration.
    """
    configured = os.environ.get("PIP_INDEX_URL")
    if configured:
        return configured
    for python in _pythons():
        url = _ask(python, _ASK_PIP)
        if url:
            return url
    raise Misconfigured(
        "no upstream is known",
        "No pip on this host can say which index it uses: try `pip config list`, or name one with --upstream URL.",
    )


def builtin_index() -> str | None:
    """The index that pip has built in, whatever it is configured with; ``None`` where there is no pip to be asked.

    uv.lock names it, and so does ``pip-compile --emit-index-url``.
    """
    return next((url for python in _pythons() if (url := _ask(python, _ASK_PIP_BUILT_IN))), None)


def _pythons() -> Iterator[str]:
    """Our own interpreter, and others that may have pip where it has none."""
    found = [sys.executable, shutil.which("python3"), shutil.which("python")]
    return (python for python in dict.fromkeys(found) if python)


def _ask(python: str, program: str) -> str | None:
    """An index of one interpreter's pip. What goes wrong is not shown: pip quotes its configuration, secrets too."""
    try:
        asked = subprocess.run([python, "-c", program], capture_output=True, timeout=30, check=False)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired):
        return None
    lines = asked.stdout.decode("utf-8", "replace").split()
    return lines[-1] if asked.returncode == 0 and lines and lines[-1] != "None" else None
