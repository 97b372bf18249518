"""``reqpi gethash``: commit a lock to a server, and print the URL of its index and nothing else.

``pip install --index-url "$(reqpi gethash requirements.txt)" …`` has to be safe: after any error, stdout is empty.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Callable, Sequence
from functools import partial
from shlex import quote
from urllib.parse import urlsplit

from reqpi.cli.inputs.follow_index import add_follow_index, index_for
from reqpi.cli.inputs.lock_files import LockFiles, add_arguments, committed, take_or_tell
from reqpi.cli.inputs.own_token import add_token_file, log_in
from reqpi.cli.inputs.require_hashes import add_require_hashes, check_digests
from reqpi.cli.inputs.waiting import FILTERS, add_filters, filters_of, wait_until_held
from reqpi.cli.messages import tell_notes, tell_remark, trust_on_first_use
from reqpi.cli.statuses import DONE, SERVER_TROUBLE
from reqpi.client import Committed
from reqpi.client.build_requirements import lacking_soon
from reqpi.client.current_platform import CURRENT, with_current
from reqpi.core.env_vars import trusted_host
from reqpi.core.report import Note

__all__ = ["command_line", "main"]

DEFAULT_URL = "http://localhost:2000"

_PATIENCE = 0.05
"""Seconds to wait for the missing build requirements of a lock that is new to the server: an installer waits, too."""

_PATIENCE_HELD = 10.0
"""The same if the files are held. The server has then read everything, so that it takes longer only under load."""


def main(arguments: Sequence[str]) -> int:
    """Commit a lock, and print the URL of its index."""
    parser = command_line()
    options = parser.parse_intermixed_args(arguments)
    filters = filters_of(options)
    if filters and not options.hold:
        parser.error(f"--{', --'.join(FILTERS)} specify what to hold: add --hold")
    log_in(options)
    taken = take_or_tell(options.file, allow_outside=options.allow_outside)
    check_digests(options, taken)
    lock = committed(options.url, taken, hold=filters if options.hold else None, soon=_soon())
    index = index_for(options, options.url, lock)
    rewrite = _rewriting(options.rewrite, taken, index)
    if options.hold and not wait_until_held(options.url, taken, lock.address, filters):
        return SERVER_TROUBLE
    warnings = lock.warnings
    if lock.created:
        # For a lock that it already had, the server has included in its first answer what it knows.
        patience = _PATIENCE_HELD if options.hold else _PATIENCE
        lacking = lacking_soon(options.url, lock.address, patience, filters)
        tell_notes(taken.names, lacking)
        warnings += tuple(lacking)
    if lock.without_digests:
        tell_remark(trust_on_first_use(lock.without_digests, lock.pins))
    rewrite()
    print(_as_json(lock, index, warnings) if options.json else index)
    _hint_at_trusted_host(index)
    return DONE


def _rewriting(path: str | None, taken: LockFiles, index: str) -> Callable[[], None]:
    """Return what writes the rewritten lock, if one is wanted: it is computed now, and written if all else is done.

    :raises reqpi.client.errors.BadUsage: the lock cannot be rewritten.
    """
    if path is None:
        return lambda: None
    # It imports what the other uses of this command do not need.
    from reqpi.cli.folders.rewritten_file import rewritten_of, write_rewritten  # noqa: PLC0415

    return partial(write_rewritten, rewritten_of(taken, index), path)


def _soon() -> Sequence[tuple[str, str]]:
    """Return what the server should fetch while an installer starts: the files for this machine and this Python."""
    return with_current([("platform", CURRENT)])


def _as_json(lock: Committed, index: str, warnings: Sequence[Note]) -> str:
    """Return what is known of a committed lock, as JSON."""
    known = {
        "address": lock.address,
        "index": index,
        "pins": lock.pins,
        "without_digests": lock.without_digests,
        "created": lock.created,
        "trusted_host": trusted_host(index),
        "warnings": [warning._asdict() for warning in warnings],
    }
    return json.dumps(known, indent=2)


def _hint_at_trusted_host(index_url: str) -> None:
    """Print which option pip needs for this index, unless the environment has it."""
    trusted = trusted_host(index_url)
    if trusted is None:
        return
    given = os.environ.get("PIP_TRUSTED_HOST", "").split()
    if trusted not in given and (urlsplit(index_url).hostname or "") not in given:
        tell_remark(f"pip ignores an index over plain http unless it is given --trusted-host {quote(trusted)}")


def command_line() -> argparse.ArgumentParser:
    """Return the parser of its options and arguments."""
    parser = argparse.ArgumentParser(
        prog="reqpi gethash",
        description="Commit a lock to a server and print the URL of its index. Several files are committed "
        "together, with those that they include with -r and -c.",
        epilog="Exit status: 0 done, 1 the lock has defects, 2 usage, 3 no server or its error, "
        "4 the server returned another address than that of the files, or an index on another host. "
        "A login is read from --token-file, REQPI_TOKEN, netrc or the URL; the URL that is printed never has one.",
    )
    parser.add_argument(
        "--url",
        default=os.environ.get("REQPI_URL") or DEFAULT_URL,
        help=f"the URL of the server (default: $REQPI_URL, then {DEFAULT_URL})",
    )
    add_token_file(parser)
    add_follow_index(parser)
    add_require_hashes(parser)
    parser.add_argument("--hold", action="store_true", help="wait until the server has every file that the lock admits")
    parser.add_argument(
        "--rewrite", metavar="LOCK", help="also write the uv.lock or pdm.lock to LOCK, with its URLs below the address"
    )
    parser.add_argument("--json", action="store_true", help="print the address, the URL and all warnings as JSON")
    add_filters(parser)
    add_arguments(parser)
    return parser
