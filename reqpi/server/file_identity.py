"""The identity of a file that a server follows: it changes whenever the file does."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["identity_of_file"]


def identity_of_file(path: Path) -> tuple[int, ...] | None:
    """Return numbers that change with the file; ``None`` if there is no such file."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns
