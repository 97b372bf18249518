"""The wait until a server holds a lock: a progress bar on a terminal, plain lines elsewhere, both on stderr."""

from __future__ import annotations

import argparse
import time

from reqpi.cli.inputs.lock_files import LockFiles, LockHasDefects
from reqpi.cli.messages import count_of, size_of, tell_defects, tell_error, tell_notes, tell_remark
from reqpi.cli.progress import Pace, ProgressBar, shown
from reqpi.client import Filters, HeldReport, commit, held
from reqpi.core.report import Note

__all__ = ["FILTERS", "add_filters", "filters_of", "wait_until_held"]

FILTERS = ("platform", "python-version", "implementation", "abi", "only-binary", "no-binary")
"""The same as :data:`reqpi.core.targets.FILTERS`, whose module imports packaging: ``gethash`` must start fast."""

_HELP = {
    "platform": (
        "TAG",
        "wheels for this platform only: manylinux2014_x86_64, or current for this machine and its Python (repeatable)",
    ),
    "python-version": ("VERSION", "files for this Python only: 3.12 (repeatable)"),
    "implementation": ("NAME", "wheels for this implementation only: cp, pp, py"),
    "abi": ("TAG", "wheels for this ABI only: cp312 (repeatable)"),
    "only-binary": ("NAMES", "no sdists of these projects; :all: for all projects"),
    "no-binary": ("NAMES", "no wheels of these projects; :all: for all projects"),
}

_BETWEEN = 0.5
"""Seconds between two requests to the server."""

_LISTED = 20
"""The most missing files, and the most unmet requirements, that are reported."""

_ATTEMPTS = 3
"""Times that the hold is requested, in case the server forgets it, such as after a restart."""


def add_filters(parser: argparse.ArgumentParser) -> None:
    """Add an option for each of the filters."""
    filters = parser.add_argument_group(
        "which files", "The filters of pip download. A filter that is not specified admits everything."
    )
    for name in FILTERS:
        metavar, text = _HELP[name]
        filters.add_argument(f"--{name}", action="append", metavar=metavar, help=text.replace("%", "%%"))


def filters_of(options: argparse.Namespace) -> Filters:
    """Return the specified filters in order, with this machine in place of ``--platform current``."""
    given = [(name, value) for name in FILTERS for value in getattr(options, name.replace("-", "_")) or ()]
    if ("platform", "current") not in given:
        return given
    from reqpi.client.current_platform import with_current  # noqa: PLC0415 - it imports platform and subprocess

    return with_current(given)


def wait_until_held(url: str, taken: LockFiles, address: str, filters: Filters) -> bool:
    """Wait until a requested hold ends, and report what is missing.

    :returns: whether the server holds everything.
    :raises reqpi.cli.inputs.lock_files.LockHasDefects: some lines of the lock cannot be completed. They have been
        reported.
    :raises reqpi.client.ClientError: the server does not report its progress.
    """
    bar = ProgressBar()
    try:
        found = _awaited(url, taken, address, filters, bar)
    finally:
        bar.clear()
    for pin in found.unfit:
        tell_remark(f"{pin} has no file for these filters")
    for remark in found.remarks[:_LISTED]:
        tell_remark(remark)
    if found.defects:
        tell_defects(taken.names, found.defects)
        raise LockHasDefects
    if not found.complete:
        _tell_missing(taken, found)
    else:
        tell_remark(f"held: {count_of(found.held, 'file')}, {size_of(found.held_size)}")
        _tell_unmet(taken, found)
    return found.complete


def _awaited(url: str, taken: LockFiles, address: str, filters: Filters, bar: ProgressBar) -> HeldReport:
    pace = Pace()
    for _ in range(_ATTEMPTS):
        while (found := held(url, address, filters)).under_way:
            bar.show(_told(found, pace.of(time.monotonic(), found.held_size)), _share(found))
            time.sleep(_BETWEEN)
        # A hold that ran to its end has a reason for each missing file.
        if found.complete or any(each.reason for each in found.missing):
            break
        commit(url, taken.documents, hold=filters)
    return found


def _told(found: HeldReport, pace: float = 0.0) -> str:
    """Return the progress of a hold in words.

    :param pace: bytes per second.
    """
    text = shown((found.held, found.files), found.held_size, found.size, pace)
    projects, frozen = found.projects
    return f"{frozen} of {count_of(projects, 'project')} looked up; {text}" if frozen < projects else text


def _share(found: HeldReport) -> float:
    if found.size:
        return found.held_size / found.size
    return found.held / found.files if found.files else 0.0


def _tell_missing(taken: LockFiles, found: HeldReport) -> None:
    count = len(found.missing) + found.more
    tell_error(f"{taken.names.whole} is not held: {count} missing", "Run it again to continue from what is there.")
    for each in found.missing[:_LISTED]:
        tell_error(f"missing: {each.filename or f'all of {each.project}'}", each.reason)
    if count > _LISTED:
        tell_remark(f"and {count - _LISTED} more: GET /<address>/held lists them")


def _tell_unmet(taken: LockFiles, found: HeldReport) -> None:
    shown = found.unmet[:_LISTED]
    tell_notes(taken.names, (Note(each.line, each.text, each.problem, each.document) for each in shown))
    if len(found.unmet) > len(shown):
        tell_remark(f"and {len(found.unmet) - len(shown)} more: reqpi check --closed lists them")
