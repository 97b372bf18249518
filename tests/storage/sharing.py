"""The work of the processes that share a store in :mod:`tests.storage.test_sharing`."""

from __future__ import annotations

import json
import os
import sys
import time
from hashlib import sha256
from pathlib import Path

from reqpi.storage.directory.store import DirectoryStore
from tests.contracts import incoming, kept
from tests.storage.inline import inline, run

BLOB = b"wanted"
NAME = sha256(BLOB).hexdigest()
LONG_AGO = 1_000_000.0


def _opened(path: str) -> DirectoryStore:
    store = DirectoryStore(Path(path), in_thread=inline)
    store.open()
    return store


def _at_the_same_time() -> None:
    print("ready", flush=True)
    sys.stdin.readline()


def create_many(path: str, value: str, count: str) -> None:
    """Create the same records as the others do, and print what stood."""
    store = _opened(path)
    _at_the_same_time()
    print(json.dumps([run(store.create(f"locks/{n}/a", value.encode())).decode() for n in range(int(count))]))


def delete_and_create(path: str, value: str, count: str) -> None:
    """Create and delete records in one folder, which comes and goes with them."""
    store = _opened(path)
    _at_the_same_time()
    for _ in range(int(count)):
        stood = run(store.create(f"locks/shared/{value}", value.encode()))
        assert stood == value.encode(), stood
        run(store.delete(f"locks/shared/{value}"))
    print("done")


def hold_a_temporary(path: str) -> None:
    """Write half a blob, and keep it on command."""
    store = _opened(path)
    blob = run(incoming(store, BLOB[:3]))
    _at_the_same_time()
    run(blob.write(BLOB[3:]))
    run(blob.keep(NAME))
    run(blob.discard())
    print("kept")


def want(path: str, count: str) -> None:
    """Let a blob grow old, want it again by keep and by touch, and see that it stays from then on."""
    store = _opened(path)
    blob = Path(path, "blobs", "sha256", NAME[:2], NAME)
    lost = came_back = 0
    _at_the_same_time()
    for attempt in range(int(count)):
        if attempt % 2:
            run(kept(store, BLOB))
        run(store.touch(NAME))
        held = run(store.size(NAME)) is not None
        came_back += not held
        if held:
            time.sleep(0)
            lost += run(store.size(NAME)) is None
            try:
                os.utime(blob, (LONG_AGO, LONG_AGO))
            except FileNotFoundError:
                lost += 1
    print(json.dumps([lost, came_back]))


def sweep(path: str, stop: str) -> None:
    """Remove the blob whenever it has not been used for long, until a file appears."""
    store = _opened(path)
    removed = 0
    _at_the_same_time()
    while not Path(stop).exists():
        removed += run(store.remove(NAME, LONG_AGO))
    print(removed)
