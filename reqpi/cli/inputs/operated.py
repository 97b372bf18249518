"""The options of an operator's commands: the server of ``--url``, or a store without one."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from getpass import getuser
from pathlib import Path
from time import time
from typing import TYPE_CHECKING, Any

from reqpi.cli.inputs.own_token import add_token_file, log_in
from reqpi.cli.inputs.stores import add_store, opened
from reqpi.cli.messages import tell_remark
from reqpi.core.address import is_address
from reqpi.core.audit import DONE, FAILED, AuditedClient, audit_line
from reqpi.storage.sealed import SealedStore

if TYPE_CHECKING:
    from reqpi.cli.processes.reactor_thread import Wait

__all__ = [
    "add_address",
    "add_audit_log",
    "add_operated",
    "address_in",
    "audited",
    "check_operated",
    "opened_to_decide",
    "own_name",
]

_SERVER = "the running server at this URL, which needs a token with the scope operate"


def add_operated(parser: argparse.ArgumentParser) -> None:
    """Add ``--url`` and its token, or ``--store`` and its key."""
    parser.add_argument("--url", help=f"use {_SERVER}")
    add_token_file(parser)
    add_store(parser)
    parser.add_argument("--record-key", metavar="FILE", help="the keys of the servers on this store")
    add_audit_log(parser)


def add_audit_log(parser: argparse.ArgumentParser) -> None:
    """Add ``--audit-log``, for a command that changes a store without a server."""
    parser.add_argument(
        "--audit-log", type=Path, metavar="FILE", help="append a line of JSON to this file, as a server does"
    )


@contextmanager
def opened_to_decide(options: argparse.Namespace) -> Iterator[tuple[SealedStore, Wait]]:
    """Open the store as :func:`opened` does. A remark says whether other processes will believe what is decided."""
    with opened(options) as (store, wait):
        if wait(store.is_foreign()):
            tell_remark(
                "records of this store have the seal of a key that was not given: servers with that key do not count "
                "what is decided with another one, and nothing is decided without any. Add their --record-key"
            )
        yield store, wait


@contextmanager
def audited(options: argparse.Namespace, what: str, *, address: str = "", **detail: Any) -> Iterator[dict[str, Any]]:
    """Note in the audit log what the block does to a store, and how it ends.

    The file is opened first: without it, nothing is done.

    :param detail: members of the line; the block may add some to what it gets.
    :raises reqpi.core.errors.Misconfigured: the file cannot be written.
    """
    if options.audit_log is None:
        yield detail
        return
    from reqpi.runtime.log_file import LogFile  # noqa: PLC0415  # a command with --url needs no log

    file = LogFile(options.audit_log.absolute(), "the audit log")
    file.open()
    client = AuditedClient(user=own_name().removeprefix("the user "))
    outcome = FAILED
    try:
        yield detail
        outcome = DONE
    finally:
        file.write(audit_line(time(), what, outcome, client, address=address, detail=detail))


def check_operated(parser: argparse.ArgumentParser, options: argparse.Namespace) -> None:
    """Exit with a usage error if a server and a store are named; log in to the server."""
    if options.url and (options.store or options.store_option or options.record_key or options.audit_log):
        parser.error("--url names a server, which has an audit log of its own, and --store what servers use")
    log_in(options)


def add_address(parser: argparse.ArgumentParser) -> None:
    """Add the argument that is the address of a lock."""
    parser.add_argument("address", metavar="ADDRESS", help="of the lock: 64 hex digits")


def address_in(parser: argparse.ArgumentParser, options: argparse.Namespace) -> str:
    """Return the address that :func:`add_address` has read; exit with a usage error if it is not one."""
    address: str = options.address.lower()
    if not is_address(address):
        parser.error(f"{options.address}: an address has 64 hex digits")
    return address


def own_name() -> str:
    """Return the name of the user who runs the command, for the record of who has decided."""
    try:
        return f"the user {getuser()}"[:200]
    except (OSError, KeyError):  # a user without a name
        return "a user without a name"
