"""A lazy walk over every file below a folder."""

from __future__ import annotations

import os
from collections.abc import Generator
from contextlib import suppress
from pathlib import Path

__all__ = ["files_below"]


def files_below(folder: Path) -> Generator[tuple[str, ...], None, None]:
    """Yield the parts of the path from ``folder`` to each file below it, at any depth and in any order.

    Files that appear or disappear meanwhile may be found or not; a missing folder has none. One descriptor per level is
    open, and no more names are in memory than the operating system returns at once. Symbolic links are not followed.
    """
    levels = [_entries(folder)]
    parts: list[str] = []
    try:
        while levels:
            entry = next(levels[-1], None)
            if entry is None:
                levels.pop()
                del parts[-1:]
            elif entry.is_dir(follow_symlinks=False):
                parts.append(entry.name)
                levels.append(_entries(Path(entry.path)))
            else:
                yield (*parts, entry.name)
    finally:
        for level in levels:
            level.close()


def _entries(folder: Path) -> Generator[os.DirEntry[str], None, None]:
    with suppress(FileNotFoundError), os.scandir(folder) as entries:
        yield from entries
