"""Work on a store, killed before each of its steps in turn.

A step is a call that changes the disk. Every attempt is a forked process that SIGKILL really ends, so that nothing
of it is tidied up; then the store is opened anew and looked at.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

from reqpi.storage.directory.record_writes import write_together
from reqpi.storage.directory.store import DirectoryStore
from tests.contracts import gathered, incoming
from tests.storage.inline import inline, run

DATA = bytes(range(256)) * 1024
NAME = sha256(DATA).hexdigest()
STEPS = ("open", "pwrite", "utime", "fchmod", "fsync", "link", "replace", "rename", "unlink", "mkdir", "chmod", "rmdir")


async def keep(store: DirectoryStore) -> None:
    """Bring a blob."""
    blob = await incoming(store, DATA[:1000], DATA[1000:])
    await blob.keep(NAME)
    await blob.discard()


async def create(store: DirectoryStore) -> None:
    """Write a record that is not there."""
    await store.create("locks/a/new", DATA)


async def create_together(store: DirectoryStore) -> None:
    """Write three records that are not there, as one thread does for several callers."""
    write_together([store._write(f"locks/a/{number}", DATA, over=False) for number in range(3)])


async def replace(store: DirectoryStore) -> None:
    """Write a record over another."""
    await store.replace("locks/old", DATA)


async def delete(store: DirectoryStore) -> None:
    """Delete a record, and with it its folder."""
    await store.delete("locks/old")


async def remove(store: DirectoryStore) -> None:
    """Remove a blob."""
    await store.remove(sha256(b"old").hexdigest(), 2e9)


def killed_at_each_step(work: str, root: str) -> None:
    """Print, as JSON, what a store holds after ``work`` was killed before its first step, its second, and so on."""
    states = []
    for step in range(1, 100):
        path = Path(root) / str(step)
        finished = (
            _attempt(lambda path=path: _work(work, path), step) if work == "found" else _prepared(work, path, step)
        )
        states.append({"finished": finished, **_state(path)})
        if finished:
            break
    print(json.dumps(states))


def _prepared(work: str, path: Path, step: int) -> bool:
    store = DirectoryStore(path, in_thread=inline)
    store.open()
    run(store.create("locks/old", b"old"))
    blob = run(incoming(store, b"old"))
    run(blob.keep(sha256(b"old").hexdigest()))
    run(blob.discard())
    return _attempt(lambda: _work(work, path), step)


def _work(work: str, path: Path) -> None:
    store = DirectoryStore(path, in_thread=inline)
    if work == "found":
        store.open()
    else:
        run(globals()[work](store))


def _attempt(work: Callable[[], None], step: int) -> bool:
    """Whether it came to its end before that step."""
    child = os.fork()
    if child == 0:
        _kill_before(step)
        try:
            work()
        except BaseException as error:
            print(repr(error), file=sys.stderr)
            os._exit(1)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return False
    if os.WEXITSTATUS(status):
        raise SystemExit("the work failed")
    return True


def _kill_before(step: int) -> None:
    left = step

    def counted(call: Callable[..., Any]) -> Callable[..., Any]:
        def counting(*args: Any, **kwargs: Any) -> Any:
            nonlocal left
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return call(*args, **kwargs)

        return counting

    for name in STEPS:
        setattr(os, name, counted(getattr(os, name)))


def _state(path: Path) -> dict[str, object]:
    store = DirectoryStore(path, in_thread=inline)
    store.open()
    names = run(gathered(store.all()))
    blobs = {name: b"".join(run(gathered(store.read(name)))) for name in names}
    records = {name: run(store.get(name)) or b"" for name in run(gathered(store.names("locks/")))}
    return {
        "broken": [name for name, data in blobs.items() if sha256(data).hexdigest() != name],
        "blobs": ["new" if name == NAME else "old" for name in names],
        "records": {name: {DATA: "new", b"old": "old"}.get(value, "broken") for name, value in records.items()},
        "temporaries": len(list((path / "incoming").iterdir())),
    }
