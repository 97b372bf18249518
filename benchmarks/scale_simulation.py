"""What a generated store has, and what it costs to serve installs from it and to walk over it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from random import Random

from attrs import frozen

from benchmarks.reqpi_server import ReqPI
from benchmarks.scale_replay import Replayed, replay
from benchmarks.scale_store import Filling
from benchmarks.stage import Bench, say

__all__ = ["Content", "Installs", "content", "installed"]

_KINDS = ("page", "file")


@frozen
class Content:
    """What a store has.

    :param records: how many, and the bytes of all.
    :param pages: how many of them are frozen pages, and the bytes of these.
    :param blobs: how many, and the bytes of all.
    :param blocks: bytes of the blocks that all of it takes on a disk.
    """

    records: int
    record_bytes: int
    pages: int
    page_bytes: int
    blobs: int
    blob_bytes: int
    blocks: int


@frozen
class Installs:
    """Installs from a store by a server that has just been started.

    :param cold: the first installs of locks, each of another one.
    :param warm: installs of one of these locks, again and again.
    :param idle: bytes of the server before.
    """

    cold: Replayed
    warm: Replayed
    idle: int


def content(store: Path) -> Content:
    """Count what a store has."""
    counted = dict.fromkeys(("records", "record_bytes", "pages", "page_bytes", "blobs", "blob_bytes", "blocks"), 0)
    for path, state in _files(store):
        kind = "blob" if "/blobs/" in path else "record"
        counted[f"{kind}s"] += 1
        counted[f"{kind}_bytes"] += state.st_size
        counted["blocks"] += state.st_blocks * 512
        if "/records/frozen/" in path:
            counted["pages"] += 1
            counted["page_bytes"] += state.st_size
    return Content(**counted)


def _files(folder: Path | str) -> Iterator[tuple[str, os.stat_result]]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                yield from _files(entry.path)
            else:
                yield entry.path, entry.stat(follow_symlinks=False)


def installed(bench: Bench, filling: Filling, locks: int, times: int) -> Installs:
    """Replay installs against a new server.

    :param locks: of how many different locks.
    :param times: how often one of them is installed after that.
    """
    folder = filling.folder
    with ReqPI(bench.python, folder, None, options=("--store", str(filling.store))) as server:
        idle = sum(server.resident())
        numbers = Random(0).sample(range(filling.locks), min(locks, filling.locks))
        say(f"replaying {len(numbers)} installs of different locks, and {times} of one, of {filling.locks:,}")
        cold = replay(server.url, server, filling, numbers, _KINDS)
        warm = replay(server.url, server, filling, [numbers[-1]] * times, _KINDS)
        return Installs(cold, warm, idle)
