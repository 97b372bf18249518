"""What the commands have in common that work on a store themselves, with no server and no reactor."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from reqpi.defaults import default_store
from reqpi.errors import Misconfigured
from reqpi.storage.directory import DirectoryStore

__all__ = ["add_store", "at_once", "opened"]

P = ParamSpec("P")
T = TypeVar("T")


def add_store(parser: argparse.ArgumentParser) -> None:
    """``--store`` and ``--json``."""
    parser.add_argument("--store", type=Path, metavar="DIR", help="the store (default: $REQPI_STORE, or the server's)")
    parser.add_argument("--json", action="store_true", help="print what a program can read")


def opened(path: Path | None) -> DirectoryStore:
    """The store, which has to be there: none is made.

    :raises reqpi.errors.Misconfigured: it is not, or cannot be used.
    """
    said = os.environ.get("REQPI_STORE")
    folder = path or (Path(said) if said else default_store())
    if not folder.is_dir():
        raise Misconfigured(f"there is no store at {folder}", "Name the server's with --store DIR.")
    store = DirectoryStore(folder, in_thread=_here)
    store.open()
    return store


def at_once(work: Coroutine[Any, Any, T]) -> T:
    """What ``work`` returns. Over a store of :func:`opened` it has nothing to wait for."""
    try:
        work.send(None)
    except StopIteration as end:
        result: T = end.value
        return result
    raise RuntimeError("a call to the store did not finish at once")


async def _here(f: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Call ``f`` in this thread: nobody else needs it."""
    return f(*args, **kwargs)
