"""A temporary folder in the output for files in transit, so that without ``--store`` no second copy remains."""

from __future__ import annotations

import argparse
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fcntl import LOCK_EX, LOCK_NB, flock
from pathlib import Path
from tempfile import mkdtemp

from reqpi.cli.folders.output_folder import writing
from reqpi.client.listed_file import ListedFile

__all__ = ["forgetting", "passing"]

_PREFIX = ".reqpi-passing-"


@contextmanager
def passing(options: argparse.Namespace, output: Path) -> Iterator[Path | None]:
    """Provide a folder in ``output`` for the files of a server inside this process; remove it at the end.

    :returns: ``None`` if a store or another server was named, or if no upstream is asked.
    :raises reqpi.client.BadUsage: ``output`` cannot be written.
    """
    if options.url or options.store or os.environ.get("REQPI_STORE") or options.offline:
        yield None
        return
    with writing(output):
        output.mkdir(parents=True, exist_ok=True)
        _remove_abandoned(output)
        room = Path(mkdtemp(prefix=_PREFIX, dir=output))
        lock = os.open(room, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        flock(lock, LOCK_EX)
        yield room
    finally:
        shutil.rmtree(room, ignore_errors=True)
        os.close(lock)


def forgetting(room: Path | None) -> Callable[[ListedFile], None]:
    """Return a function that takes a file that is in the output and removes its copy from ``room``."""
    if room is None:
        return lambda _: None
    from reqpi.storage.passing import forget  # noqa: PLC0415 - it imports Twisted

    return lambda file: forget(room, file.sha256)


def _remove_abandoned(output: Path) -> None:
    """Remove the folders of processes that were killed: no process holds their file lock."""
    for room in output.glob(f"{_PREFIX}*"):
        if room.is_symlink() or not room.is_dir():
            continue
        lock = os.open(room, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            flock(lock, LOCK_EX | LOCK_NB)
            shutil.rmtree(room, ignore_errors=True)
        except BlockingIOError:
            pass
        finally:
            os.close(lock)
