"""What the commands have in common that work on a store themselves, with no server and no reactor."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from reqpi.defaults import default_spool, default_store
from reqpi.errors import Misconfigured
from reqpi.interfaces import Store
from reqpi.storage.chosen import Place, options_of, place_of

__all__ = ["add_store", "at_once", "opened"]

P = ParamSpec("P")
T = TypeVar("T")


def add_store(parser: argparse.ArgumentParser) -> None:
    """``--store``, ``--store-option`` and ``--json``."""
    parser.add_argument("--store", metavar="WHERE", help="the store (default: $REQPI_STORE, or the server's)")
    parser.add_argument(
        "--store-option", action="append", metavar="NAME=VALUE", help="for an object store, as for the server"
    )
    parser.add_argument("--json", action="store_true", help="print what a program can read")


def opened(options: argparse.Namespace) -> Store:
    """The store, which has to be there: no directory is made.

    :raises reqpi.errors.Misconfigured: it is not, or cannot be used.
    """
    said = options.store or os.environ.get("REQPI_STORE")
    where = place_of(said) if said else default_store()
    if isinstance(where, Path) and not where.is_dir():
        raise Misconfigured(f"there is no store at {where}", "Name the server's with --store.")
    given = options.store_option or os.environ.get("REQPI_STORE_OPTION", "").split()
    store = Place(where, default_spool(), options_of(given)).store(_here)
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
