"""Work that looks at everything in a store, in a process of its own: a sweep, a verification, a survey of the size.

Run ``python -m benchmarks.scale_walks sweep STORE``; it prints the seconds, the processor seconds and the bytes of
memory.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

from attrs import asdict, frozen
from twisted.internet import task
from twisted.internet.defer import Deferred

from benchmarks.processes import run
from reqpi.core.interfaces import Store
from reqpi.shelf.maintenance.sweep import Sweep
from reqpi.shelf.maintenance.verify import Verification
from reqpi.storage.directory.store import DirectoryStore

__all__ = ["WALKS", "Walk", "walk"]

_FOREVER = 1e9


@frozen
class Walk:
    """What a walk took.

    :param cpu: seconds of all threads.
    :param memory: bytes of the process at most, of which some 50 MB are the interpreter and the modules.
    """

    seconds: float
    cpu: float
    memory: int


def walk(python: str, what: str, store: Path) -> Walk:
    """Run one of the walks in a process of its own."""
    return Walk(**json.loads(run([python, "-m", "benchmarks.scale_walks", what, store], Path(__file__).parents[1])))


async def _sweep(store: Store, clock: Any) -> None:
    await Sweep(store, clock, _FOREVER).run()


async def _verify(store: Store, clock: Any) -> None:
    verdict = await Verification(store).run()
    if verdict.left:
        raise SystemExit(f"the store is damaged: {verdict.damages[:3]}")


async def _survey(store: Store, clock: Any) -> None:
    async for _ in store.occupied():
        pass


WALKS: Mapping[str, Callable[[Store, Any], Awaitable[None]]] = {
    "survey": _survey,
    "sweep": _sweep,
    "verify": _verify,
}


def main() -> None:
    """Walk once."""
    parser = argparse.ArgumentParser("python -m benchmarks.scale_walks", description=__doc__)
    parser.add_argument("what", choices=WALKS)
    parser.add_argument("store", type=Path)
    given = parser.parse_args()
    store = DirectoryStore(given.store)
    store.open()

    async def walking(clock: Any) -> None:
        began, used = time.perf_counter(), time.process_time()
        await WALKS[given.what](store, clock)
        seconds, cpu = time.perf_counter() - began, time.process_time() - used
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10
        print(json.dumps(asdict(Walk(seconds, cpu, memory))))

    task.react(lambda reactor: Deferred.fromCoroutine(walking(reactor)))


if __name__ == "__main__":
    sys.exit(main())
