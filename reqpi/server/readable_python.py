"""Python's own files, which the user of a server must be able to read: modules are loaded while it serves."""

from __future__ import annotations

import os
import sys
import sysconfig
from collections.abc import Iterable
from pathlib import Path

import attrs

import reqpi
import twisted
from reqpi.core.errors import Misconfigured

__all__ = ["check_readable"]


def check_readable(paths: Iterable[str | None] = ()) -> None:
    """Check that this user can read Python and the packages.

    :param paths: files and folders; by default those of this interpreter and of the packages.
    :raises reqpi.core.errors.Misconfigured: one cannot be read.
    """
    for path in filter(None, paths or _own()):
        if not os.access(path, os.R_OK, effective_ids=os.access in os.supports_effective_ids):
            raise Misconfigured(
                f"user {os.geteuid()} cannot read {path}",
                f"ReqPI needs it while it serves, and {_closed(path)}. Install Python and ReqPI elsewhere.",
            )


def _own() -> list[str | None]:
    packages = [module.__file__ for module in (reqpi, twisted, attrs)]
    return [sys.executable, sysconfig.get_path("stdlib"), *packages]


def _closed(path: str) -> str:
    """Return what closes a path: the first folder on the way that cannot be entered."""
    for folder in reversed(Path(path).parents):
        if not os.access(folder, os.X_OK, effective_ids=os.access in os.supports_effective_ids):
            return f"the folder {folder} is closed to it"
    return "its mode does not allow it"
