"""``reqpi check``: read a lock as a server would, with no server."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from reqpi.cli.messages import count_of, tell_notes, visible
from reqpi.cli.reading import lock_of
from reqpi.cli.statuses import DONE
from reqpi.cli.taken import add_arguments, take_or_tell
from reqpi.commitment import address_of

__all__ = ["command_line", "main"]


def main(arguments: Sequence[str]) -> int:
    """Say what is wrong with a lock; or how many pins it has, and its address."""
    options = command_line().parse_intermixed_args(arguments)
    taken = take_or_tell(options.file, allow_outside=options.allow_outside)
    lock = lock_of(taken)
    tell_notes(taken.names, lock.notes)
    print(f"{visible(taken.names.whole)}: {count_of(len(lock.pins), 'pin')}, address {address_of(taken.committed)}")
    return DONE


def command_line() -> argparse.ArgumentParser:
    """Its options and arguments."""
    parser = argparse.ArgumentParser(
        prog="reqpi check",
        description="Read a lock and say what is wrong with it; no server is asked.",
        epilog="Exit status: 0 it can be committed, 1 it has defects, 2 usage.",
    )
    add_arguments(parser)
    return parser
