"""``reqpi check``: read a lock as a server would, without a server, and print the server options that it needs."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from typing import Any

from attrs import field, frozen

from reqpi.cli.failures import tell_failure
from reqpi.cli.inputs.closed_locks import add_closed, check_filters, status_of, tell_closed
from reqpi.cli.inputs.lock_files import LockFiles, add_arguments, take
from reqpi.cli.inputs.policy_checks import LockJudge, add_policy, check_policy_options, judge_of
from reqpi.cli.inputs.read_locks import read_taken
from reqpi.cli.inputs.server_needs import as_defect, in_words, needs_in
from reqpi.cli.inputs.server_reports import ServerReports, check_report_options, server_reports
from reqpi.cli.inputs.strict_builds import add_strict_builds, check_builds
from reqpi.cli.messages import count_of, tell_defects, tell_notes, visible
from reqpi.cli.statuses import DEFECTS, DONE
from reqpi.client import BadUsage
from reqpi.core.address import address_of
from reqpi.core.crates.reading import crates_of
from reqpi.core.errors import BrokenLock
from reqpi.core.model import Lock
from reqpi.core.report import Defect, Note
from reqpi.upstream.allowed.needs import Need

__all__ = ["command_line", "main"]

_NOT_ASKED = ServerReports()


@frozen
class _Checked:
    """The result for one lock.

    :param lock: ``None`` if the lock itself has defects.
    :param notes: all warnings, also those of a policy.
    :param reports: the results of ``--closed`` and ``--strict-builds``.
    """

    taken: LockFiles
    lock: Lock | None = None
    defects: Sequence[Defect] = ()
    needs: tuple[Need, ...] = field(default=())
    reports: ServerReports = _NOT_ASKED
    notes: Sequence[Note] = ()


def main(arguments: Sequence[str]) -> int:
    """Print the defects of a lock; or the number of its pins, its address, and the server options that it needs."""
    parser = command_line()
    options = parser.parse_intermixed_args(arguments)
    check_filters(parser, options)
    check_report_options(parser, options)
    check_policy_options(parser, options)
    judge = judge_of(options)
    if not options.each:
        checked = _check(options.file, options, judge)
        _tell([checked], options, _as_json(checked))
        return _status(checked)
    status, found = DONE, list[_Checked]()
    for file in dict.fromkeys(options.file):
        try:
            found.append(_check([file], options, judge))
        except BadUsage as error:
            status = max(status, tell_failure(error) or DONE)
            continue
        if not options.json:
            _tell(found[-1:], options, None)
        status = max(status, _status(found[-1]))
    if options.json:
        _tell(found, options, [_as_json(checked) for checked in found])
    return status


def _status(checked: _Checked) -> int:
    """Return the exit status for one lock; with ``--strict-builds``, report also what its sdists are built with."""
    if checked.defects or checked.lock is None:
        return DEFECTS
    builds = check_builds(checked.reports.builds, checked.taken, checked.lock)
    return status_of(checked.reports.closed) or builds


def _check(files: Sequence[str], options: argparse.Namespace, judge: LockJudge | None) -> _Checked:
    taken = take(files, allow_outside=options.allow_outside)
    if taken.defects:
        return _Checked(taken, defects=taken.defects)
    try:
        lock = read_taken(taken)
    except BrokenLock as broken:
        return _Checked(taken, defects=broken.defects)
    needs = needs_in(lock, options)
    denied, notes = ((), ()) if judge is None else judge.of(lock)
    defects = (*(map(as_defect, needs) if options.as_server else ()), *denied)
    reports = _NOT_ASKED if defects else server_reports(options, taken)
    return _Checked(taken, lock, defects, needs, reports, (*lock.notes, *notes))


def _tell(found: Sequence[_Checked], options: argparse.Namespace, shown: Any) -> None:
    if options.json:
        print(json.dumps(shown, indent=2))
        return
    for checked in found:
        names, lock = checked.taken.names, checked.lock
        if lock is not None and not options.quiet:
            tell_notes(names, checked.notes)
        if checked.defects:
            tell_defects(names, checked.defects)
        elif lock is not None and not options.quiet:
            whole, address = visible(names.whole), address_of(checked.taken.committed)
            loose = f", {lock.without_digests} without digests" if lock.without_digests else ""
            crates = _crates(lock)
            also = f", {count_of(crates, 'crate')}" if crates else ""
            print(f"{whole}: {count_of(len(lock.pins), 'pin')}{loose}{also}, address {address}")
            for need in checked.needs:
                print(f"{whole}: needs {visible(in_words(need))}")
        if checked.reports.closed is not None:
            tell_closed(checked.reports.closed, checked.taken, quiet=options.quiet)


def _crates(lock: Lock) -> int:
    return sum(len(each.crates) + len(each.git) for each in crates_of(lock))


def _as_json(checked: _Checked) -> dict[str, Any]:
    lock = checked.lock
    return {
        "file": checked.taken.names.whole,
        "format": None if lock is None else lock.format,
        "address": address_of(checked.taken.committed) if checked.taken.documents else None,
        "pins": None if lock is None else len(lock.pins),
        "without_digests": None if lock is None else lock.without_digests,
        "defects": [_members(defect) for defect in checked.defects],
        "warnings": [note.as_dict() for note in checked.notes],
        "needs": [
            {
                "option": need.option,
                "value": need.value,
                "projects": list(dict.fromkeys(pin.project for pin in need.pins)),
                "refused": need.decisive,
            }
            for need in checked.needs
        ],
        **({"crates": _crates(lock)} if lock is not None and _crates(lock) else {}),
        **({} if checked.reports.closed is None else {"closed": checked.reports.closed.said}),
    }


def _members(defect: Defect) -> dict[str, Any]:
    return defect._asdict()


def command_line() -> argparse.ArgumentParser:
    """Return the parser of its options and arguments."""
    parser = argparse.ArgumentParser(
        prog="reqpi check",
        description="Read a lock, and print its defects and the options that a server needs to serve all of it. No "
        "server is used.",
        epilog="Exit status: 0 it can be committed, 1 it has defects, 2 usage. With --strict-builds: 3 something could "
        "not be fetched; 7 the lock does not fix what an sdist is built with. With --closed: 3 likewise; 9 the lock "
        "does not pin everything that its releases require.",
    )
    parser.add_argument("--each", action="store_true", help="read each FILE as a separate lock")
    parser.add_argument(
        "--as-server",
        action="store_true",
        help="report a defect for each option that the lock needs and that --upstream and --allow-host do not specify",
    )
    add_strict_builds(parser)
    add_closed(parser)
    add_policy(parser)
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("-q", "--quiet", action="store_true", help="print defects only")
    add_arguments(parser)
    return parser
