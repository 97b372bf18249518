"""``reqpi check --closed``: a lock must pin everything that its releases require."""

from __future__ import annotations

import argparse

from reqpi.cli.inputs.lock_files import LockFiles, committed
from reqpi.cli.inputs.waiting import FILTERS, add_filters, filters_of
from reqpi.cli.inputs.which_server import check_server, server_for
from reqpi.cli.messages import tell_defects, tell_remark, visible
from reqpi.cli.statuses import DONE, NOT_CLOSED, SERVER_TROUBLE
from reqpi.client.closed import ClosedAnswer, closed

__all__ = ["add_closed", "check_closed", "check_closed_options", "status_of", "tell_closed"]

_SHOWN = 3
"""Environments that are named."""


def add_closed(parser: argparse.ArgumentParser) -> None:
    """Add ``--closed``, and the filters that name its target."""
    parser.add_argument(
        "--closed",
        action="store_true",
        help="fail unless the lock pins everything that its releases require on the platform and Python of the "
        "filters, or in the environments that the lock describes; this reads the metadata of every release",
    )
    add_filters(parser)


def check_closed_options(parser: argparse.ArgumentParser, options: argparse.Namespace) -> None:
    """Exit with a usage error if ``--closed`` and other options do not go together."""
    if not options.closed:
        if filters_of(options):
            parser.error(f"--{', --'.join(FILTERS)} specify where a lock must be closed: add --closed")
        return
    check_server(parser, options)
    several = options.each and len(options.file) > 1
    if not options.url and (several or options.strict_builds):
        parser.error("--closed with --strict-builds, or with --each and several files, needs --url")


def check_closed(options: argparse.Namespace, taken: LockFiles) -> ClosedAnswer | None:
    """Return whether a lock is closed; ``None`` without ``--closed``."""
    if not options.closed:
        return None
    with server_for(options, taken) as url:
        return closed(url, committed(url, taken, quiet=True).address, filters_of(options))


def tell_closed(found: ClosedAnswer, taken: LockFiles, *, quiet: bool) -> None:
    """Print each unmet requirement, and what could not be read."""
    for trouble in (*found.troubles, *(() if quiet else found.unknown)):
        tell_remark(trouble)
    if found.unmet:
        tell_defects(taken.names, found.unmet)
    elif found.closed and not quiet:
        where = found.environments
        more = f" and {len(where) - _SHOWN} more" if len(where) > _SHOWN else ""
        print(visible(f"{taken.names.whole}: closed for {', '.join(where[:_SHOWN])}{more}"))


def status_of(found: ClosedAnswer | None) -> int:
    """Return the exit status."""
    if found is None or found.closed:
        return DONE
    return NOT_CLOSED if found.unmet else SERVER_TROUBLE
