"""``reqpi fetch``: everything that a lock admits, in one folder, for an install without a network."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from pathlib import Path
from threading import Lock

from packaging.utils import canonicalize_name

from reqpi import filenames
from reqpi.cli.held import Bar, add_filters, filters_of, size_of
from reqpi.cli.messages import count_of, tell_defects, tell_error, tell_notes, tell_remark
from reqpi.cli.own import add_own, given_own, served_for
from reqpi.cli.statuses import DEFECTS, DONE, SERVER_TROUBLE, USAGE
from reqpi.cli.taken import Taken, add_arguments, take
from reqpi.client import Held, LockRefused, commit
from reqpi.client.fetching import Failed, Listed, fetch, listed
from reqpi.commitment import address_of
from reqpi.model import File
from reqpi.targets import BadFilter, Target

__all__ = ["main"]

_BETWEEN = 0.2
"""Seconds between two drawings of the bar."""


def main(arguments: Sequence[str]) -> int:
    """Fetch, and say what came."""
    parser = _parser()
    options = parser.parse_intermixed_args(arguments)
    if options.url and given_own(options):
        parser.error("--store, --upstream, --offline and the like are for a server of our own, and --url names another")
    try:
        target = _target(options)
    except BadFilter as bad:
        parser.error(str(bad))
    taken = take(options.file, allow_outside=options.allow_outside)
    if taken.defects:
        tell_defects(taken.names, taken.defects)
        return DEFECTS
    with ExitStack() as stack:
        url = options.url or stack.enter_context(served_for(options, address_of(taken.committed)))
        return _fetch(url, taken, target, options)


def _fetch(url: str, taken: Taken, target: Target, options: argparse.Namespace) -> int:
    try:
        committed = commit(url, taken.documents)
    except LockRefused as refusal:
        tell_defects(taken.names, refusal.defects, refusal.more)
        return DEFECTS
    if not options.quiet:
        tell_notes(taken.names, committed.warnings)
    wanted = _wanted(listed(url, committed.address), target)
    folder: Path = options.output
    meter = _Meter(wanted)
    try:
        fresh = fetch(url, committed.address, wanted, folder, meter.count)
    except Failed as failed:
        meter.clear()
        tell_error(failed.title, failed.detail)
        for filename, error in sorted(failed.failures.items()):
            tell_error(f"missing: {filename}: {error.title}", error.detail)
        return SERVER_TROUBLE
    finally:
        meter.clear()
    _tell(committed.address, wanted, fresh, options)
    return DONE


def _wanted(files: Iterable[Listed], target: Target) -> list[Listed]:
    """Those that may be installed where the user means: each file once."""
    chosen = {file.filename: file for file in files if target.needs(file.marker) and _fits(file, target)}
    return [chosen[filename] for filename in sorted(chosen)]


def _fits(file: Listed, target: Target) -> bool:
    project = canonicalize_name(file.project)
    named = filenames.parse(file.filename, project)
    if named is None:  # a source, whose name says nothing
        return True
    return target.takes(File(file.filename, project, named.version, named.version_text, named.wheel, url=""))


def _tell(address: str, wanted: Sequence[Listed], fresh: Sequence[Listed], options: argparse.Namespace) -> None:
    new = {file.filename for file in fresh}
    if options.json:
        files = [
            {"project": file.project, "filename": file.filename, "sha256": file.sha256, "new": file.filename in new}
            for file in wanted
        ]
        print(json.dumps({"address": address, "folder": str(options.output), "files": files}, indent=2))
    if options.verbose:
        for file in wanted:
            tell_remark(f"{'fetched' if file.filename in new else 'there'}: {file.filename}")
    if not options.quiet:
        size = sum((options.output / file.filename).stat().st_size for file in wanted)
        tell_remark(f"{count_of(len(wanted), 'file')}, {size_of(size)}, {len(new)} of them new, in {options.output}")


class _Meter:
    """How far a fetch is, told by several threads."""

    def __init__(self, wanted: Sequence[Listed]) -> None:
        self._files = len(wanted)
        self._size = sum(file.size or 0 for file in wanted)
        self._bar = Bar(sys.stderr, time.monotonic)
        self._lock = Lock()
        self._came = 0
        self._drawn = 0.0

    def count(self, size: int) -> None:
        """Some more bytes."""
        with self._lock:
            self._came += size
            now = time.monotonic()
            if now - self._drawn >= _BETWEEN:
                self._drawn = now
                self._bar.show(Held(False, True, (0, 0), self._files, self._size, 0, self._came, (), 0, ()))

    def clear(self) -> None:
        """Take the bar away."""
        with self._lock:
            self._bar.clear()


def _target(options: argparse.Namespace) -> Target:
    values: dict[str, list[str]] = {}
    for name, value in filters_of(options):
        values.setdefault(name, []).append(value)
    return Target.read(values)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="reqpi fetch",
        description="Take everything that a lock admits into one folder, verified, for pip install --no-index "
        "--find-links. Without --url it is taken from the upstream, through a server inside this process.",
        epilog=f"Exit status: 0 all of it is there; 1 the lock has defects; {USAGE} usage, or the folder cannot be "
        "written; 3 something could not be had: run it again; 4 the server answers another address.",
    )
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="DIR", help="the folder")
    parser.add_argument("--url", help="take it from the server there")
    parser.add_argument("--json", action="store_true", help="print what is there, for a program")
    parser.add_argument("-q", "--quiet", action="store_true", help="say nothing but errors")
    parser.add_argument("-v", "--verbose", action="store_true", help="name each file")
    add_own(parser)
    add_filters(parser)
    add_arguments(parser)
    return parser
