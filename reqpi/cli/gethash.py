"""``reqpi gethash``: commit a lock to a server, and print the URL of its index and nothing else.

``pip install --index-url "$(reqpi gethash requirements.txt)" …`` has to be safe: whatever is wrong, stdout stays empty.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence

from reqpi.cli.messages import tell_defects, tell_notes
from reqpi.cli.statuses import DEFECTS, DONE
from reqpi.cli.taken import add_arguments, take
from reqpi.client import LockRefused, commit

__all__ = ["main"]

DEFAULT_URL = "http://localhost:2000"


def main(arguments: Sequence[str]) -> int:
    """Print the index URL of a lock; the server has the lock then."""
    options = _parser().parse_intermixed_args(arguments)
    taken = take(options.file, allow_outside=options.allow_outside)
    if taken.defects:
        tell_defects(taken.names, taken.defects)
        return DEFECTS
    try:
        committed = commit(options.url, taken.documents)
    except LockRefused as refusal:
        tell_defects(taken.names, refusal.defects, refusal.more)
        return DEFECTS
    tell_notes(taken.names, committed.warnings)
    print(committed.index_url)
    return DONE


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="reqpi gethash",
        description="Commit a lock to a server and print the URL of its index. Several files are committed "
        "together, with those that they name by -r and -c.",
        epilog="Exit status: 0 done, 1 the lock has defects, 2 usage, 3 no server or its error, "
        "4 the server answers another address than the files have. "
        "A login is taken from netrc, or from the URL; the URL that is printed never has one.",
    )
    parser.add_argument(
        "--url",
        default=os.environ.get("REQPI_URL") or DEFAULT_URL,
        help=f"where the server is (default: $REQPI_URL, then {DEFAULT_URL})",
    )
    add_arguments(parser)
    return parser
