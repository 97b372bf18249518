"""The options of commands that work on a store directly, without a server."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from reqpi.cli.inputs.which_server import add_option, value_of
from reqpi.core.errors import Misconfigured
from reqpi.server.host_defaults import default_spool, default_store
from reqpi.server.options import option_named
from reqpi.storage.place import StorePlace, options_of, place_of
from reqpi.storage.sealed import SealedStore

if TYPE_CHECKING:
    from reqpi.cli.processes.reactor_thread import Wait

__all__ = ["add_store", "key_named", "opened", "place_named"]

P = ParamSpec("P")
T = TypeVar("T")


def add_store(parser: argparse.ArgumentParser) -> None:
    """Add ``--store``, ``--store-option`` and ``--json``."""
    for name in ("store", "store-option"):
        add_option(parser, option_named(name))
    parser.add_argument("--json", action="store_true", help="print JSON")


@contextmanager
def opened(options: argparse.Namespace) -> Iterator[tuple[SealedStore, Wait]]:
    """Open the store, which must exist, and run a reactor while the block runs. No directory is created.

    :returns: the store, and a function that waits for coroutines which work on it.
    :raises reqpi.core.errors.Misconfigured: the store does not exist, or cannot be used.
    """
    store = _store(options)
    # Imported here because the reactor must not be installed before a server chooses its own.
    from reqpi.cli.processes.reactor_thread import reactor_running  # noqa: PLC0415

    with reactor_running() as wait:
        yield store, wait
        wait(store.close())


def place_named(options: argparse.Namespace) -> Path | str:
    """Return the place of the store that the options or the environment specify."""
    named = value_of(options, "store")
    return place_of(named) if named else default_store()


def _store(options: argparse.Namespace) -> SealedStore:
    """Open the store that the options or the environment specify."""
    where = place_named(options)
    if isinstance(where, Path) and not where.is_dir():
        raise Misconfigured(f"there is no store at {where}", "Specify the store of the server with --store.")
    options_given = options_of(value_of(options, "store-option"))
    store = StorePlace(where, default_spool(), options_given, record_key=key_named(options)).store(_here)
    store.open()
    return store


def key_named(options: argparse.Namespace) -> Path | None:
    """Return the file of ``--record-key`` that the options or the environment specify; ``None`` if neither does."""
    named = value_of(options, "record-key") if hasattr(options, "record_key") else None
    return None if named is None else Path(named)


async def _here(f: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Call ``f`` in the reactor's thread, which has nothing else to do."""
    return f(*args, **kwargs)
