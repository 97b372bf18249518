"""``reqpi check``: read a lock as a server would, with no server."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from reqpi.cli.failures import tell_failure
from reqpi.cli.messages import count_of, tell_notes, visible
from reqpi.cli.reading import lock_of
from reqpi.cli.statuses import DONE
from reqpi.cli.strict_builds import add_strict_builds, check_builds
from reqpi.cli.taken import Defective, add_arguments, take_or_tell
from reqpi.client import BadUsage
from reqpi.commitment import address_of

__all__ = ["command_line", "main"]


def main(arguments: Sequence[str]) -> int:
    """Say what is wrong with a lock; or how many pins it has, and its address."""
    options = command_line().parse_intermixed_args(arguments)
    if not options.each:
        return _check(options.file, options)
    statuses = [_check_or_tell(file, options) for file in dict.fromkeys(options.file)]
    return max(statuses)


def _check(files: Sequence[str], options: argparse.Namespace) -> int:
    taken = take_or_tell(files, allow_outside=options.allow_outside)
    lock = lock_of(taken)
    tell_notes(taken.names, lock.notes)
    print(f"{visible(taken.names.whole)}: {count_of(len(lock.pins), 'pin')}, address {address_of(taken.committed)}")
    return check_builds(command_line(), options, taken, lock)


def _check_or_tell(file: str, options: argparse.Namespace) -> int:
    """The same of one of several, which keeps nobody from hearing of the others."""
    try:
        return _check([file], options)
    except (Defective, BadUsage) as error:
        return tell_failure(error) or DONE


def command_line() -> argparse.ArgumentParser:
    """Its options and arguments."""
    parser = argparse.ArgumentParser(
        prog="reqpi check",
        description="Read a lock and say what is wrong with it; no server is asked.",
        epilog="Exit status: 0 it can be committed, 1 it has defects, 2 usage. With --strict-builds: 3 something could "
        "not be had; 7 the lock leaves open what an sdist is built with.",
    )
    parser.add_argument("--each", action="store_true", help="each FILE is a lock by itself")
    add_strict_builds(parser)
    add_arguments(parser)
    return parser
