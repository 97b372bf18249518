"""``reqpi check``: read a lock as a server would, with no server."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from reqpi.cli.document import document_of, name_of
from reqpi.cli.messages import count_of, tell_defects, tell_notes, visible
from reqpi.cli.statuses import DEFECTS, DONE
from reqpi.commitment import address_of
from reqpi.errors import BrokenLock
from reqpi.locks import read

__all__ = ["main"]


def main(arguments: Sequence[str]) -> int:
    """Say what is wrong with a lock; or how many pins it has, and its address."""
    options = _parser().parse_args(arguments)
    name = name_of(options.file)
    document = document_of(options.file)
    try:
        lock = read(document)
    except BrokenLock as broken:
        tell_defects(name, broken.defects)
        return DEFECTS
    tell_notes(name, lock.notes)
    print(f"{visible(name)}: {count_of(len(lock.pins), 'pin')}, address {address_of(document)}")
    return DONE


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="reqpi check",
        description="Read a lock and say what is wrong with it; no server is asked.",
        epilog="Exit status: 0 it can be committed, 1 it has defects, 2 usage.",
    )
    parser.add_argument("file", metavar="FILE", help="the lock; - for standard input")
    return parser
