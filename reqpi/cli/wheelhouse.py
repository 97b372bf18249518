"""``reqpi wheelhouse``: everything that a lock admits as one archive, the same bytes each time."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from hashlib import sha256
from pathlib import Path
from urllib.parse import urlencode

from reqpi.cli.held import Bar, add_filters, filters_of, size_of, wait_until_held
from reqpi.cli.messages import tell_defects, tell_notes, tell_remark
from reqpi.cli.own import add_own, given_own, served_for
from reqpi.cli.statuses import DEFECTS, DONE, SERVER_TROUBLE
from reqpi.cli.taken import Taken, add_arguments, take
from reqpi.client import Held, LockRefused, commit
from reqpi.client.archive import take_archive
from reqpi.client.fetching import listed
from reqpi.commitment import address_of

__all__ = ["main"]


def main(arguments: Sequence[str]) -> int:
    """Write the archive, and print its sha256."""
    parser = _parser()
    options = parser.parse_intermixed_args(arguments)
    if options.url and given_own(options):
        parser.error("--store, --upstream, --offline and the like are for a server of our own, and --url names another")
    taken = take(options.file, allow_outside=options.allow_outside)
    if taken.defects:
        tell_defects(taken.names, taken.defects)
        return DEFECTS
    with ExitStack() as stack:
        url = options.url or stack.enter_context(served_for(options, address_of(taken.committed)))
        return _write(url, taken, options)


def _write(url: str, taken: Taken, options: argparse.Namespace) -> int:
    filters = filters_of(options)
    try:
        committed = commit(url, taken.documents, hold=filters)
    except LockRefused as refusal:
        tell_defects(taken.names, refusal.defects, refusal.more)
        return DEFECTS
    tell_notes(taken.names, committed.warnings)
    if not wait_until_held(url, taken, committed.address, filters):
        return SERVER_TROUBLE
    admitted = {file.filename: file.sha256 for file in listed(url, committed.address)}
    query = f"?{urlencode(filters)}" if filters else ""
    bar, came = Bar(sys.stderr, time.monotonic), [0]

    def count(size: int) -> None:
        came[0] += size
        bar.show(Held(False, True, (0, 0), 0, 0, 0, came[0], (), 0, ()))

    try:
        take_archive(url, f"/{committed.address}/wheelhouse.tar{query}", options.output, admitted, count)
    finally:
        bar.clear()
    with options.output.open("rb") as archive:
        computed = sha256()
        while data := archive.read(1 << 20):
            computed.update(data)
    tell_remark(f"{size_of(options.output.stat().st_size)} in {options.output}")
    print(f"{computed.hexdigest()}  {options.output}")
    return DONE


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="reqpi wheelhouse",
        description="Write everything that a lock admits into one tar archive, with a requirements.txt and a "
        "list for sha256sum -c: the same bytes on every machine and every day. Prints the archive's sha256.",
        epilog="Exit status: 0 done; 1 the lock has defects; 2 usage, or the archive cannot be written; 3 something "
        "could not be had; 4 the server answers another address.",
    )
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="FILE.tar", help="the archive")
    parser.add_argument("--url", help="take it from the server there")
    add_own(parser)
    add_filters(parser)
    add_arguments(parser)
    return parser
