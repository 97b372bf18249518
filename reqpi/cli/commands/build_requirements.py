"""``reqpi build-requirements``: what the sdists of a lock are built with, and which of it the lock lacks."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence

from reqpi.cli.inputs.lock_files import add_arguments, committed, take_or_tell
from reqpi.cli.inputs.waiting import add_filters, filters_of
from reqpi.cli.inputs.which_server import add_server, check_server, server_for
from reqpi.cli.messages import count_of, tell_remark, visible
from reqpi.cli.statuses import DONE, LACKING, SERVER_TROUBLE
from reqpi.client.build_requirements import BuildRequirements, ReportedRequirement, build_requirements

__all__ = ["command_line", "lines_lacking", "main"]

_SHOWN = 3
"""Sdists shown that need a requirement."""


def main(arguments: Sequence[str]) -> int:
    """Print the requirements that the lock lacks, one per line."""
    parser = command_line()
    options = parser.parse_intermixed_args(arguments)
    check_server(parser, options)
    taken = take_or_tell(options.file, allow_outside=options.allow_outside)
    with server_for(options, taken) as url:
        lock = committed(url, taken, quiet=True)
        found = build_requirements(url, lock.address, filters_of(options))
    if options.json:
        print(json.dumps(found.said, indent=2))
    else:
        for line in _lines(found):
            print(line)
        _tell(found, verbose=options.verbose)
    return _status(found)


def lines_lacking(found: BuildRequirements) -> list[str]:
    """Return the missing requirements as lines of a requirements file, from which a tool can pin."""
    return [_line(wanted) for wanted in found.requirements if wanted.lacking]


def _lines(found: BuildRequirements) -> Iterator[str]:
    yield from lines_lacking(found)
    others = [each for each in found.requirements if each.state != "pinned" and not each.lacking]
    if others:
        yield "# Needed only if no wheel fits, or on some platforms or Python versions:"
    for wanted in others:
        yield f"# {_line(wanted)}"


def _line(wanted: ReportedRequirement) -> str:
    """Return the requirement, with the sdists that need it."""
    by = ", ".join(wanted.wanted_by[:3]) + (
        f" and {len(wanted.wanted_by) - 3} more" if len(wanted.wanted_by) > 3 else ""
    )
    pinned = f"; the lock pins {', '.join(wanted.versions)}" if wanted.state == "differs" else ""
    return visible(f"{wanted.requirement}  # {by}{pinned}")


def _tell(found: BuildRequirements, *, verbose: bool) -> None:
    for unread in found.unread:
        tell_remark(unread)
    for sdist in found.sdists:
        for unread in sdist.unread if verbose or sdist.must_be_built else ():
            tell_remark(f"{sdist.filename}: {unread}")
    if verbose:
        for wanted in found.requirements:
            if wanted.state == "pinned":
                tell_remark(f"pinned: {wanted.requirement}: {', '.join(wanted.versions)}")
    built = sum(sdist.must_be_built for sdist in found.sdists)
    lacking = sum(wanted.lacking for wanted in found.requirements)
    tell_remark(
        f"{count_of(len(found.sdists), 'sdist')}, {built} without a wheel; "
        f"{count_of(len(found.requirements), 'build requirement')}, {lacking} lacking"
    )


def _status(found: BuildRequirements) -> int:
    if any(wanted.lacking for wanted in found.requirements):
        return LACKING
    return DONE if found.complete else SERVER_TROUBLE


def command_line() -> argparse.ArgumentParser:
    """Return the parser of its options and arguments."""
    parser = argparse.ArgumentParser(
        prog="reqpi build-requirements",
        description="Print the build requirements of sdists that the lock does not pin, as lines for a "
        "requirements-build.in. They are read from the sdists; no code is run. Only sdists of releases without an "
        "admitted wheel count; with --no-binary :all: every sdist counts.",
        epilog="Exit status: 0 nothing is missing; 1 the lock has defects; 2 usage; 3 something could not be fetched "
        "or read; 4 the server returned another address; 7 something is missing.",
    )
    parser.add_argument("--json", action="store_true", help="print everything that is known, as JSON")
    parser.add_argument(
        "-v", "--verbose", action="store_true", help="also print what is pinned, and everything that could not be read"
    )
    add_server(parser)
    add_filters(parser)
    add_arguments(parser)
    return parser
