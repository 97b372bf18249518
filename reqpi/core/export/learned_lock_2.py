"""What a command was seen to take, as the lock that admits it: ``requirements-build.txt``."""

from __future__ import annotations

from reqpi.core.export.learned_lock import MARK, Foreign, Kept, read, written
from reqpi.core.export.learned_releases import Release, lines, releases, several, together, without

__all__ = [
    "MARK",
    "Foreign",
    "Kept",
    "Release",
    "lines",
    "read",
    "releases",
    "several",
    "together",
    "without",
    "written",
]
