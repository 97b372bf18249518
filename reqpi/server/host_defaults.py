"""Defaults of this host: where a user's programs keep their state, and which index pip uses."""

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
# The index that ``pip install`` would use: from its environment variables, its configuration files, or its built-in
# default. Importing the whole command would take a second; its parser reads the same in every pip since 20. The empty
# entry of sys.path is the working directory, which may contain a folder ``pip`` that must not be run. The index is
# printed on its own line because a site customisation may print something before it.

_ASK_PIP_BUILT_IN = """
import sys
sys.path = [entry for entry in sys.path if entry]
from pip._internal.models.index import PyPI
print()
print(PyPI.simple_url)
"""


def default_store() -> Path:
    """Return a directory in the user's state directory."""
    return user_state_path("reqpi")


def default_spool() -> Path:
    """Return a directory in the user's cache directory, for files that are uploaded to an object store."""
    return user_cache_path("reqpi") / "incoming"


def default_upstream() -> str:
    """Return the index that pip is configured with on this host.

    :returns: the URL as pip has it, which may contain a user and a password.
    :raises reqpi.core.errors.Misconfigured: there is no pip, or it cannot read its configuration.
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
        "No pip on this host reports which index it uses: try `pip config list`, or specify one with --upstream URL.",
    )


def builtin_index() -> str | None:
    """Return the index built into pip, whatever its configuration; ``None`` if there is no pip.

    uv.lock names it, and so does ``pip-compile --emit-index-url``.
    """
    return next((url for python in _pythons() if (url := _ask(python, _ASK_PIP_BUILT_IN))), None)


def _pythons() -> Iterator[str]:
    """Yield our own interpreter, and others that may have a pip if ours has none."""
    found = [sys.executable, shutil.which("python3"), shutil.which("python")]
    return (python for python in dict.fromkeys(found) if python)


def _ask(python: str, program: str) -> str | None:
    """Return an index of one interpreter's pip. Errors are not shown: pip quotes its configuration, with secrets."""
    try:
        asked = subprocess.run([python, "-c", program], capture_output=True, timeout=30, check=False)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired):
        return None
    lines = asked.stdout.decode("utf-8", "replace").split()
    return lines[-1] if asked.returncode == 0 and lines and lines[-1] != "None" else None
