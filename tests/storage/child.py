"""Python functions of the tests, called in processes of their own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

__all__ = ["called_apart", "started_apart"]

ROOT = Path(__file__).parents[2]


def started_apart(function: str, *args: object) -> subprocess.Popen[str]:
    """A process that calls ``package.module:function`` with texts."""
    module, name = function.split(":")
    code = f"import sys; from {module} import {name}; {name}(*sys.argv[1:])"
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, args)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def called_apart(function: str, *args: object) -> str:
    """Return its output; fail where it fails."""
    process = started_apart(function, *args)
    output, _ = process.communicate(timeout=240)
    if process.returncode:
        raise AssertionError(f"{function} ended with {process.returncode}")
    return output
