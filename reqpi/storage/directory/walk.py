"""Every file below a folder, found as it is asked for."""

from __future__ import annotations

import os
from collections.abc import Generator
from contextlib import suppress
from pathlib import Path

__all__ = ["files_below"]


def files_below(folder: Path) -> Generator[tuple[str, ...], None, None]:
    """The parts of the path from ``folder`` to each file that is below it at any depth, in any order.

    Files that come or go meanwhile may be found or not; a folder that is not there has none. It holds one descriptor
    a level, and no more names than the operating system gives at once. Symbolic links are not followed.
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
