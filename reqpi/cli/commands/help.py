"""``reqpi help``: the same as ``--help``, for users who expect a command."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from reqpi.cli import COMMANDS, module_of, tell_unknown_command, whole_parser
from reqpi.cli.statuses import DONE, USAGE

__all__ = ["command_line", "main"]


def main(arguments: Sequence[str]) -> int:
    """Print the help of one command, or the list of all commands."""
    command: str | None = command_line().parse_args(arguments).command
    if command is None:
        whole_parser().print_help()
        return DONE
    if command not in COMMANDS:
        tell_unknown_command(command)
        return USAGE
    module_of(command).command_line().print_help()
    return DONE


def command_line() -> argparse.ArgumentParser:
    """Return the parser of its arguments."""
    parser = argparse.ArgumentParser(
        prog="reqpi help",
        description="Print what a command does, and its options; without a command, list all commands.",
        epilog="Exit status: 0 done, 2 there is no such command.",
    )
    parser.add_argument("command", nargs="?", metavar="COMMAND", help="gethash, server and so on")
    return parser
