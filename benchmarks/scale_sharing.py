"""How much real locks have in common: the share of their projects, releases and files that another lock has too."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from functools import cache
from pathlib import Path

from attrs import frozen

from reqpi.core import locks
from reqpi.core.errors import BrokenLock
from reqpi.core.model import Lock

__all__ = ["FILES_OF_PINS", "Shares", "real_locks", "shares"]

_FOLDER = Path(__file__).parents[1] / "tests" / "data" / "locks" / "projects"


@frozen
class Shares:
    """What some locks have in common. Shares are of what all locks name, repetitions included.

    :param locks: how many there are.
    :param pins: the pins of all of them.
    :param projects: the share of projects that another lock has too; ``releases`` and ``files`` likewise.
    :param distinct: the share of files that are left if each is counted once.
    :param files_of_pin: files that a lock has digests of, for each pin.
    :param document: bytes of a lock, for each pin.
    :param memory: bytes of a parsed lock, for each pin, as the server counts them.
    """

    locks: int
    pins: int
    projects: float
    releases: float
    files: float
    distinct: float
    files_of_pin: float
    document: float
    memory: float


@cache
def real_locks() -> list[Lock]:
    """Return the real locks that the tests have, without those that a server refuses, and those without digests."""
    read = []
    for path in sorted(_FOLDER.iterdir()):
        try:
            lock = locks.read(path.read_bytes())
        except BrokenLock:
            continue
        if any(pin.digests for pin in lock.pins):
            read.append(lock)
    return read


def shares(read: Sequence[Lock]) -> Shares:
    """Compare locks with each other."""
    pins = sum(len(lock.pins) for lock in read)
    files = Counter(digest for lock in read for digest in {each for pin in lock.pins for each in pin.digests})
    return Shares(
        len(read),
        pins,
        _common({pin.project for pin in lock.pins} for lock in read),
        _common({(pin.project, pin.version) for pin in lock.pins} for lock in read),
        sum(count for count in files.values() if count > 1) / files.total(),
        len(files) / files.total(),
        files.total() / pins,
        sum(len(lock.document) for lock in read) / pins,
        sum(lock.weight for lock in read) / pins,
    )


def _common(sets: Iterable[Iterable[Hashable]]) -> float:
    counted = Counter(each for one in sets for each in one)
    return sum(count for count in counted.values() if count > 1) / counted.total()


def _files_of_pins() -> list[int]:
    return sorted(len(pin.digests) for lock in real_locks() for pin in lock.pins if pin.digests)


FILES_OF_PINS: Sequence[int] = _files_of_pins()
"""The number of digests of each pin of the real locks."""
