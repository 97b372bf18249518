"""The state of a store without its server: its size, and the holds that some server records there."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from reqpi.cli.inputs.stores import opened, place_named
from reqpi.core.interfaces import Store
from reqpi.server.status import store_report, versions
from reqpi.server.store_watch import StoreWatch
from reqpi.shelf.whole_lock.holding import recorded_holds

__all__ = ["store_status"]


def store_status(options: argparse.Namespace) -> Mapping[str, Any]:
    """Return the state as JSON, under the names that a server uses.

    :param options: the parsed options of the command, with those of :func:`reqpi.cli.inputs.stores.add_store`.
    """
    place = place_named(options)
    directory = place if isinstance(place, Path) else None
    kind = "directory" if directory is not None else str(place).partition(":")[0]
    with opened(options) as (store, wait):
        # Imported here because the reactor must not be installed before a server chooses its own.
        from twisted.internet import reactor  # noqa: PLC0415

        watch = StoreWatch(cast(Store, store), directory, reactor, written=False)
        figures = wait(watch.measure())
        holds = wait(recorded_holds(cast(Store, store), cast(Any, reactor)))
    return {"versions": versions(), "store": store_report(kind, figures), "holds": holds}
