"""``reqpi forget``: remove a lock and its frozen lists from a store."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence

from reqpi.cli.inputs.operated import (
    add_address,
    add_operated,
    address_in,
    audited,
    check_operated,
    opened_to_decide,
    own_name,
)
from reqpi.cli.messages import count_of
from reqpi.cli.statuses import DONE
from reqpi.client.json_members import number
from reqpi.client.operating import forget_at

__all__ = ["command_line", "main"]


def main(arguments: Sequence[str]) -> int:
    """Remove the lock of an address."""
    parser = command_line()
    options = parser.parse_args(arguments)
    address = address_in(parser, options)
    check_operated(parser, options)
    removed = number(forget_at(options.url, address), "records") if options.url else _in_store(options, address)
    if options.json:
        print(json.dumps({"address": address, "records": removed}, indent=2))
    else:
        print(f"forgot {address} with {count_of(removed, 'record')}")
    return DONE


def _in_store(options: argparse.Namespace, address: str) -> int:
    with opened_to_decide(options) as (store, wait):
        # Imported here because the reactor must not be installed before a server chooses its own.
        from twisted.internet import reactor  # noqa: PLC0415

        from reqpi.shelf.denials import Denials  # noqa: PLC0415
        from reqpi.shelf.maintenance.undoing import forget_lock  # noqa: PLC0415

        with audited(options, "forget", address=address):
            return wait(forget_lock(store, Denials(store, reactor), address, own_name()))


def command_line() -> argparse.ArgumentParser:
    """Return the parser of its options and arguments."""
    parser = argparse.ArgumentParser(
        prog="reqpi forget",
        description="Remove a lock, its frozen lists and everything else that belongs to its address, which is then "
        "unknown. Its files stay in the store until a sweep removes them. The same lock can be committed again: it has "
        "the same address then, and new lists.",
        epilog="Exit status: 0 done, 2 usage, 3 there is no such lock, or the server or the store has an error.",
    )
    add_address(parser)
    add_operated(parser)
    return parser
