"""Waiting until a server holds a lock: a bar on a terminal, plain lines elsewhere, both on stderr."""

from __future__ import annotations

import argparse
import time

from reqpi.cli.inputs.lock_files import LockFiles, LockHasDefects
from reqpi.cli.messages import count_of, size_of, tell_defects, tell_error, tell_remark
from reqpi.cli.progress import Pace, ProgressBar, shown
from reqpi.client import Filters, HeldReport, commit, held

__all__ = ["FILTERS", "add_filters", "filters_of", "wait_until_held"]

FILTERS = ("platform", "python-version", "implementation", "abi", "only-binary", "no-binary")
"""Those of :data:`reqpi.core.targets.FILTERS`, which brings packaging along: ``gethash`` has to start at once."""

_HELP = {
    "platform": (
        "TAG",
        "wheels for it alone: manylinux2014_x86_64; current: of this machine, for its Python; again for another",
    ),
    "python-version": ("VERSION", "what this Python can use alone: 3.12; again for another"),
    "implementation": ("NAME", "wheels for this implementation alone: cp, pp, py"),
    "abi": ("TAG", "wheels for this ABI alone: cp312; again for another"),
    "only-binary": ("NAMES", "no sdists of these projects; :all: for any"),
    "no-binary": ("NAMES", "no wheels of these projects; :all: for any"),
}

_BETWEEN = 0.5
"""Seconds between two questions to the server."""

_LISTED = 20
"""Missing things that are told."""

_ATTEMPTS = 3
"""Times that the hold is asked for, where a server forgot it: it was restarted, say."""


def add_filters(parser: argparse.ArgumentParser) -> None:
    """An option for each of the filters."""
    filters = parser.add_argument_group("which files", "Those of pip download. What is not said is open.")
    for name in FILTERS:
        metavar, text = _HELP[name]
        filters.add_argument(f"--{name}", action="append", metavar=metavar, help=text.replace("%", "%%"))


def filters_of(options: argparse.Namespace) -> Filters:
    """Those that were given, in order; this machine in place of ``--platform current``."""
    given = [(name, value) for name in FILTERS for value in getattr(options, name.replace("-", "_")) or ()]
    if ("platform", "current") not in given:
        return given
    from reqpi.client.current_platform import with_current  # noqa: PLC0415 - it brings platform and subprocess along

    return with_current(given)


def wait_until_held(url: str, taken: LockFiles, address: str, filters: Filters) -> bool:
    """Whether the server, which was asked to hold the lock, has all of it; what is missing is told.

    :raises reqpi.cli.inputs.lock_files.Defective: some lines of the lock cannot be completed. They were told.
    :raises reqpi.client.ClientError: the server does not say.
    """
    bar = ProgressBar()
    try:
        found = _awaited(url, taken, address, filters, bar)
    finally:
        bar.clear()
    for pin in found.unfit:
        tell_remark(f"{pin} has no file for these filters")
    if found.defects:
        tell_defects(taken.names, found.defects)
        raise LockHasDefects
    if not found.complete:
        _tell_missing(taken, found)
    else:
        tell_remark(f"held: {count_of(found.held, 'file')}, {size_of(found.held_size)}")
    return found.complete


def _awaited(url: str, taken: LockFiles, address: str, filters: Filters, bar: ProgressBar) -> HeldReport:
    pace = Pace()
    for _ in range(_ATTEMPTS):
        while (found := held(url, address, filters)).under_way:
            bar.show(_told(found, pace.of(time.monotonic(), found.held_size)), _share(found))
            time.sleep(_BETWEEN)
        # A hold that was tried to its end has a reason for whatever is missing.
        if found.complete or any(each.reason for each in found.missing):
            break
        commit(url, taken.documents, hold=filters)
    return found


def _told(found: HeldReport, pace: float = 0.0) -> str:
    """How far a hold is.

    :param pace: bytes a second.
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
    tell_error(f"{taken.names.whole} is not held: {count} missing", "Asked again, it goes on from what is there.")
    for each in found.missing[:_LISTED]:
        tell_error(f"missing: {each.filename or f'all of {each.project}'}", each.reason)
    if count > _LISTED:
        tell_remark(f"and {count - _LISTED} more: GET /<address>/held lists them")
