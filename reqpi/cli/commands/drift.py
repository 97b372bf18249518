"""``reqpi drift``: what became of the files that a lock pins, since their lists were frozen."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence

from reqpi.cli.colour import CYAN, RED, YELLOW, painted
from reqpi.cli.inputs.lock_files import LockFiles, add_arguments, committed, take_or_tell
from reqpi.cli.inputs.read_locks import lock_of
from reqpi.cli.inputs.reported_drift import drift_at
from reqpi.cli.inputs.which_server import add_server, check_server, operated_server, server_for
from reqpi.cli.messages import DocumentNames, count_of, tell_remark, visible
from reqpi.cli.statuses import DONE, DRIFTED, SERVER_TROUBLE
from reqpi.client.committed_lock import committed_lock
from reqpi.client.target import index_of
from reqpi.core.address import address_of, is_address
from reqpi.core.drift.finding import Finding
from reqpi.core.drift.report import DriftReport
from reqpi.core.drift.sarif import PinPlace, in_words, places_in, sarif

__all__ = ["command_line", "main"]

_COLOURS = {"error": RED, "warning": YELLOW, "note": CYAN}

_Places = Mapping[tuple[str, str], PinPlace]


def main(arguments: Sequence[str]) -> int:
    """Print what became of the files, one finding per line."""
    parser = command_line()
    options = parser.parse_intermixed_args(arguments)
    if options.json and options.sarif:
        parser.error("--json and --sarif are two forms of the same: choose one")
    address, report, places = _looked(parser, options)
    if options.json:
        print(json.dumps(report.as_json(address), indent=2))
    elif options.sarif:
        print(sarif(report, address, places).decode(), end="")
    else:
        _print(report, places)
    return _status(report)


def _looked(parser: argparse.ArgumentParser, options: argparse.Namespace) -> tuple[str, DriftReport, _Places]:
    """Return the address, the report on it, and where its pins are."""
    address = _address_in(parser, options)
    check_server(parser, options)
    if address:
        with operated_server(options, address) as url:
            taken = LockFiles(committed_lock(url, address), DocumentNames(f"the lock of {address[:8]}"))
            return address, drift_at(url, address), places_in(lock_of(taken))
    taken = take_or_tell(options.file, allow_outside=options.allow_outside)
    address, lock = address_of(taken.committed), lock_of(taken)
    with server_for(options, taken) as url:
        committed(url, taken, quiet=True)
        report = drift_at(url, address)
    paths = {document.path: taken.names.of(document.path) for document in lock.documents}
    return address, report, places_in(lock, paths)


def _address_in(parser: argparse.ArgumentParser, options: argparse.Namespace) -> str:
    """Return the address that is meant; empty if files are. The URL of an address is that of its server, too."""
    first: str = options.file[0]
    if is_address(first.lower()):
        address = first.lower()
    elif first.startswith(("http://", "https://")):
        if options.url:
            parser.error("the URL of an address names its server already: leave out --url")
        options.url, address = index_of(first)
    else:
        return ""
    if len(options.file) > 1:
        parser.error("one address at a time")
    return address


def _print(report: DriftReport, places: _Places) -> None:
    for finding in report.findings:
        print(painted(visible(f"{_place(finding, places)}{in_words(finding)}"), _COLOURS[finding.level], sys.stdout))
    for one in report.unknown:
        tell_remark(visible(f"nothing new is known of {one.project}: {one.why} ({one.source})"))
    serious = sum(finding.level != "note" for finding in report.findings)
    notes = len(report.findings) - serious
    tell_remark(f"{count_of(serious, 'finding')}, and {count_of(notes, 'note')}")


def _place(finding: Finding, places: _Places) -> str:
    place = places.get((finding.project, finding.version))
    return f"{place.path}:{place.line}: " if place is not None and place.line else ""


def _status(report: DriftReport) -> int:
    if any(finding.level != "note" for finding in report.findings):
        return DRIFTED
    return SERVER_TROUBLE if report.unknown else DONE


def command_line() -> argparse.ArgumentParser:
    """Return the parser of its options and arguments."""
    parser = argparse.ArgumentParser(
        prog="reqpi drift",
        description="Report what became of the files that a lock pins: yanked, gone, replaced by other bytes, or the "
        "subject of an advisory; and files and releases that were added. The lock and its index stay as they are. "
        "In place of FILE, name an address, or its URL.",
        epilog=f"Exit status: 0 nothing but notes; 1 the lock has defects; 2 usage; 3 no server or its error, or some "
        f"index did not answer; {DRIFTED} something calls for a decision.",
    )
    add_arguments(parser)
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument(
        "--sarif", action="store_true", help="print SARIF 2.1.0, which code hosts show next to the lock"
    )
    add_server(parser)
    return parser
