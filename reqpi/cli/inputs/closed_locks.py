"""``reqpi check --closed``: a lock must pin everything that its releases require."""

from __future__ import annotations

import argparse

from reqpi.cli.inputs.lock_files import LockFiles
from reqpi.cli.inputs.waiting import FILTERS, add_filters, filters_of
from reqpi.cli.messages import tell_defects, tell_remark, visible
from reqpi.cli.statuses import DONE, NOT_CLOSED, SERVER_TROUBLE
from reqpi.client.closed import ClosedAnswer

__all__ = ["add_closed", "check_filters", "status_of", "tell_closed"]

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


def check_filters(parser: argparse.ArgumentParser, options: argparse.Namespace) -> None:
    """Exit with a usage error if there are filters for nothing."""
    if filters_of(options) and not options.closed:
        parser.error(f"--{', --'.join(FILTERS)} specify where a lock must be closed: add --closed")


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
