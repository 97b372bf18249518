"""``reqpi wheelhouse``: everything that a lock admits as one archive, the same bytes each time."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from hashlib import file_digest
from pathlib import Path
from urllib.parse import urlencode

from reqpi.cli.bar import metered
from reqpi.cli.held import add_filters, filters_of, wait_until_held
from reqpi.cli.messages import size_of, tell_remark
from reqpi.cli.own import add_server, check_server, server_for
from reqpi.cli.statuses import DONE, SERVER_TROUBLE
from reqpi.cli.taken import add_arguments, committed, take_or_tell
from reqpi.client.archive import take_archive
from reqpi.client.fetching import listed

__all__ = ["command_line", "main"]


def main(arguments: Sequence[str]) -> int:
    """Write the archive, and print its sha256."""
    parser = command_line()
    options = parser.parse_intermixed_args(arguments)
    check_server(parser, options)
    filters = filters_of(options)
    taken = take_or_tell(options.file, allow_outside=options.allow_outside)
    with server_for(options, taken) as url:
        lock = committed(url, taken, hold=filters)
        if not wait_until_held(url, taken, lock.address, filters):
            return SERVER_TROUBLE
        admitted = {file.filename: file.sha256 for file in listed(url, lock.address)}
        query = f"?{urlencode(filters)}" if filters else ""
        with metered(0) as meter:
            take_archive(url, f"/{lock.address}/wheelhouse.tar{query}", options.output, admitted, meter.count)
    with options.output.open("rb") as archive:
        digest = file_digest(archive, "sha256").hexdigest()
    tell_remark(f"{size_of(options.output.stat().st_size)} in {options.output}")
    print(f"{digest}  {options.output}")
    return DONE


def command_line() -> argparse.ArgumentParser:
    """Its options and arguments."""
    parser = argparse.ArgumentParser(
        prog="reqpi wheelhouse",
        description="Write everything that a lock admits into one tar archive, with a requirements.txt and a "
        "list for sha256sum -c: the same bytes on every machine and every day. Prints the archive's sha256.",
        epilog="Exit status: 0 done; 1 the lock has defects; 2 usage, or the archive cannot be written; 3 something "
        "could not be had; 4 the server answers another address.",
    )
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="FILE.tar", help="the archive")
    add_server(parser)
    add_filters(parser)
    add_arguments(parser)
    return parser
