"""A server on a store of many locks: its start, its response times, and its memory."""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

from attrs import frozen

from benchmarks.asking import get
from benchmarks.load import ACCEPT
from benchmarks.reqpi_server import ReqPI
from benchmarks.stage import Bench, Stage, say
from reqpi.core import frozen_pages as freezer
from reqpi.shelf.records import lock_record, page_record
from reqpi.storage.directory.layout import Layout
from reqpi.storage.directory.paths import record_parts
from tests.distributions import a_file, a_page

__all__ = ["Figures", "compare", "fill", "measure"]

_PINS = 100
_ASKED = 200


@frozen
class Figures:
    """Figures of one server.

    :param started: seconds until it answered.
    :param idle: bytes of memory at that time.
    :param cold: seconds for the first page of a lock that was not used since the start, the median of twenty.
    :param warm: seconds for a page that was requested before, the median.
    :param after: bytes of memory at the end.
    """

    started: float
    idle: float
    cold: float
    warm: float
    after: float


def fill(root: Path, count: int) -> None:
    """Write a store of ``count`` locks as a server would have written it, except that no file is synced to disk."""
    layout = Layout(root)
    layout.prepare()
    for number in range(count):
        document = _lock(number)
        address = sha256(document).hexdigest()
        page = a_page(a_file(f"project_0-1.{number}.tar.gz", b"x", project="project-0", size=1), project="project-0")
        for name, value in (
            (lock_record(address), document),
            (page_record(address, "project-0"), freezer.dump(page)),
        ):
            path = layout.records.joinpath(*record_parts(name))
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(value)


def compare(bench: Bench, counts: Sequence[int]) -> dict[int, list[Figures]]:
    """Return the figures of each round for a store of each size."""
    with Stage(bench, "stores") as stage:
        for count in counts:
            say(f"filling a store with {count:,} locks")
            fill(stage.folder / str(count) / "store", count)
        rounds = [
            {count: measure(bench.python, stage.folder / str(count), count) for count in counts}
            for _ in range(bench.rounds)
        ]
    return {count: [each[count] for each in rounds] for count in counts}


def measure(python: str, folder: Path, count: int) -> Figures:
    """Start a server on ``folder``, whose store has ``count`` locks; measure it, and stop it."""
    with ReqPI(python, folder, None) as server:
        idle = server.resident()[0]
        cold = [_asked(server.url, step * count // 20) for step in range(20)]
        warm = [_asked(server.url, 0) for _ in range(_ASKED)]
        spent = statistics.median(cold), statistics.median(warm)
        return Figures(server.started, idle, *spent, server.resident()[0])


def _lock(number: int) -> bytes:
    """Return a lock of a hundred pins, which differ from those of every other number."""
    return "".join(f"project-{pin}==1.{number}\n" for pin in range(_PINS)).encode()


def _asked(url: str, number: int) -> float:
    """Return the seconds for one page, on a connection of its own."""
    address = sha256(_lock(number)).hexdigest()
    began = time.perf_counter()
    answer = get(f"{url}/{address}/simple/project-0/", {"Accept": ACCEPT})
    assert answer.status == 200, answer.body
    return time.perf_counter() - began
