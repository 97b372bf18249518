"""``reqpi sweep``: remove what is unused, once and now."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from typing import Any, cast

from attrs import asdict

from reqpi.cli.inputs.operated import add_audit_log, audited
from reqpi.cli.inputs.stores import add_store, opened
from reqpi.cli.messages import count_of
from reqpi.cli.statuses import DONE
from reqpi.shelf.maintenance.sweep import Sweep

__all__ = ["command_line", "main"]


def main(arguments: Sequence[str]) -> int:
    """Sweep, or print what a sweep would remove."""
    options = command_line().parse_args(arguments)
    with opened(options) as (store, wait):
        # Imported here because the reactor must not be installed before a server chooses its own.
        from twisted.internet import reactor  # noqa: PLC0415

        sweep = Sweep(store, cast(Any, reactor), options.max_age, dry_run=options.dry_run)
        with audited(options, "sweep", dry_run=options.dry_run) as detail:
            swept = wait(sweep.run())
            detail.update(locks=swept.locks, files=swept.blobs, bytes=swept.size)
    if options.json:
        print(json.dumps(asdict(swept), indent=2))
    else:
        did = "would remove" if options.dry_run else "removed"
        gone = f"{count_of(swept.locks, 'lock')} and {count_of(swept.blobs, 'file')} of {count_of(swept.size, 'byte')}"
        print(f"{did} {gone}")
    return DONE


def command_line() -> argparse.ArgumentParser:
    """Return the parser of its options and arguments."""
    parser = argparse.ArgumentParser(
        prog="reqpi sweep",
        description="Remove locks that were not used for some time, and the files that only they needed. "
        "Servers may use the store at the same time.",
        epilog="Exit status: 0 done, 2 usage, 3 the store cannot be read or written.",
    )
    add_store(parser)
    parser.add_argument(
        "--max-age",
        type=_seconds,
        required=True,
        metavar="SECONDS",
        help="remove locks that were not used for this long",
    )
    add_audit_log(parser)
    parser.add_argument("--dry-run", action="store_true", help="remove nothing, and print what would be removed")
    return parser


def _seconds(text: str) -> int:
    if not (text.isascii() and text.isdigit()) or len(text) > 15:
        raise argparse.ArgumentTypeError(f"{text}: write a whole number of seconds")
    return int(text)
