"""The environment of a Python process that this one starts."""

from __future__ import annotations

import os
import sys

__all__ = ["child_env_vars"]


def child_env_vars() -> dict[str, str]:
    """Return this process's environment, with which a child can import what this process can, however it was started.

    The empty entry of :data:`sys.path`, which is the working directory, is left out: start the child with ``-P``.
    """
    return os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
