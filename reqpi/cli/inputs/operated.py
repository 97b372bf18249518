"""The options of an operator's commands: the server of ``--url``, or a store without one."""

from __future__ import annotations

import argparse
from getpass import getuser
from pathlib import Path

from reqpi.cli.inputs.own_token import add_token_file, log_in
from reqpi.cli.inputs.stores import add_store

__all__ = ["add_operated", "check_operated", "own_name"]

_SERVER = "the running server at this URL, which needs a token with the scope operate"


def add_operated(parser: argparse.ArgumentParser) -> None:
    """Add ``--url`` and its token, or ``--store`` and its key."""
    parser.add_argument("--url", help=f"use {_SERVER}")
    add_token_file(parser)
    add_store(parser)
    parser.add_argument("--record-key", type=Path, metavar="FILE", help="the keys of the servers on this store")


def check_operated(parser: argparse.ArgumentParser, options: argparse.Namespace) -> None:
    """Exit with a usage error if a server and a store are named; log in to the server."""
    if options.url and (options.store or options.store_option or options.record_key):
        parser.error("--url names a server, and --store what servers use: leave out one of them")
    log_in(options)


def own_name() -> str:
    """Return the name of the user who runs the command, for the record of who has decided."""
    try:
        return f"the user {getuser()}"[:200]
    except (OSError, KeyError):  # a user without a name
        return "a user without a name"
