"""A generated store in an object store in memory, whose requests are counted: those of the locks, and of a sweep.

Run ``python -m benchmarks.scale_counted --locks 1000 --pins 20``; it prints JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections import Counter
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from attrs import asdict, frozen
from twisted.internet import task
from twisted.internet.defer import Deferred

from benchmarks.processes import run
from benchmarks.scale_catalogue import Catalogue
from benchmarks.scale_requests import Counted
from benchmarks.scale_store import Filling, fill
from reqpi.shelf.maintenance.sweep import Sweep
from reqpi.storage.objects.connect import Connection
from reqpi.storage.objects.store import ObjectStore
from tests.storage.inline import inline

__all__ = ["InMemory", "in_memory"]

_WRITES, _READS, _DELETES = ("put", "list"), ("get", "head"), ("delete",)


@frozen
class InMemory:
    """Requests to the object store.

    :param locks: how many locks there were time for.
    :param pins: of each.
    :param distinct: releases that they pin.
    :param filled: requests for all of them: commits, frozen pages, and one file of each release.
    :param swept: requests of a sweep.
    """

    locks: int
    pins: int
    distinct: int
    filled: Counted
    swept: Counted


def in_memory(python: str, locks: int, pins: int, seconds: float) -> InMemory:
    """Count in a process of its own."""
    words = [python, "-m", "benchmarks.scale_counted", f"--locks={locks}", f"--pins={pins}", f"--seconds={seconds}"]
    said = json.loads(run(words, Path(__file__).parents[1]))
    counted = {name: Counted(**said.pop(name)) for name in ("filled", "swept")}
    return InMemory(**said, **counted)


class _Counting:
    """obstore, which counts how often its functions are called; a listing counts once for each thousand objects."""

    def __init__(self) -> None:
        self._obstore = import_module("obstore")
        self.counted: Counter[str] = Counter()

    def __getattr__(self, name: str) -> Any:
        function = getattr(self._obstore, name)
        if name not in {*_WRITES, *_READS, *_DELETES}:
            return function

        def counting(*args: Any, **options: Any) -> Any:
            self.counted[name] += 1
            found = function(*args, **options)
            return self._pages(iter(found)) if name == "list" else found

        return counting

    def _pages(self, pages: Iterator[Any]) -> Iterator[Any]:
        first = next(pages, None)
        if first is not None:
            yield first
        for page in pages:
            self.counted["list"] += 1
            yield page

    def taken(self) -> Counted:
        """Return what was counted, and begin again."""
        counted, self.counted = self.counted, Counter()
        return Counted(*(float(sum(counted[name] for name in kind)) for kind in (_WRITES, _READS, _DELETES)))


async def _measured(folder: Path, clock: Any, given: argparse.Namespace) -> InMemory:
    client = import_module("obstore.store").MemoryStore()
    connection = Connection("memory://", client, client, client)
    store = ObjectStore(lambda: connection, spool=folder / "spool", in_thread=inline)
    filling = Filling(folder, given.pins)
    counting = _Counting()
    begun = store._objects.open

    def opened() -> None:
        begun()
        store._objects._obs = counting

    store._objects.open = opened  # type: ignore[method-assign]
    locks = await fill(filling, store, clock, given.locks, given.seconds)
    filled = counting.taken()
    store.open()
    counting.taken()
    await Sweep(store, clock, 1e9).run()
    distinct = {each for number in range(locks) for each in Catalogue().releases(number, given.pins)}
    return InMemory(locks, given.pins, len(distinct), filled, counting.taken())


def main() -> None:
    """Count once."""
    parser = argparse.ArgumentParser("python -m benchmarks.scale_counted", description=__doc__)
    parser.add_argument("--locks", type=int, default=1000)
    parser.add_argument("--pins", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=60)
    given = parser.parse_args()
    os.fsync = lambda _: None

    def started(reactor: Any) -> Deferred[Any]:
        temporary = TemporaryDirectory(prefix="scale-counted-")

        def say(found: InMemory) -> None:
            print(json.dumps(asdict(found)))
            temporary.cleanup()

        return Deferred.fromCoroutine(_measured(Path(temporary.name), reactor, given)).addCallback(say)

    task.react(started)


if __name__ == "__main__":
    sys.exit(main())
