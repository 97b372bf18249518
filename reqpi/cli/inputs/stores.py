"""What the commands share that work on a store themselves, with no server."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from reqpi.core.errors import Misconfigured
from reqpi.core.interfaces import Store
from reqpi.server.host_defaults import default_spool, default_store
from reqpi.storage.place import StorePlace, options_of, place_of

if TYPE_CHECKING:
    from reqpi.cli.processes.reactor_thread import Wait

__all__ = ["add_store", "opened"]

P = ParamSpec("P")
T = TypeVar("T")


def add_store(parser: argparse.ArgumentParser) -> None:
    """``--store``, ``--store-option`` and ``--json``."""
    parser.add_argument("--store", metavar="WHERE", help="the store (default: $REQPI_STORE, or the server's)")
    parser.add_argument(
        "--store-option", action="append", metavar="NAME=VALUE", help="for an object store, as for the server"
    )
    parser.add_argument("--json", action="store_true", help="print what a program can read")


@contextmanager
def opened(options: argparse.Namespace) -> Iterator[tuple[Store, Wait]]:
    """Open the store, which must exist, and run a reactor while the block runs. No directory is made.

    :returns: the store, and what waits for coroutines that work on it.
    :raises reqpi.core.errors.Misconfigured: the store does not exist, or cannot be used.
    """
    store = _store(options)
    # Imported here because the reactor must not be installed before a server chooses its own.
    from reqpi.cli.processes.reactor_thread import reactor_running  # noqa: PLC0415

    with reactor_running() as wait:
        yield store, wait
        wait(store.close())


def _store(options: argparse.Namespace) -> Store:
    """Open the store that the options, or the environment, name."""
    said = options.store or os.environ.get("REQPI_STORE")
    where = place_of(said) if said else default_store()
    if isinstance(where, Path) and not where.is_dir():
        raise Misconfigured(f"there is no store at {where}", "Name the server's with --store.")
    given = options.store_option or os.environ.get("REQPI_STORE_OPTION", "").split()
    store = StorePlace(where, default_spool(), options_of(given)).store(_here)
    store.open()
    return store


async def _here(f: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Call ``f`` in the reactor's thread, which has nothing else to do."""
    return f(*args, **kwargs)
