"""The command line: which command it is, and what every command has in common.

A command is a module of this package with a ``main(arguments) -> status``, and a ``command_line()``: the parser of its
options and arguments. It is imported only when it is asked for, because ``gethash`` has to start at once and ``run``
brings a whole server along.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any

from reqpi import __version__
from reqpi.cli.statuses import BROKEN_PIPE, INTERRUPTED, OUR_FAULT, USAGE

__all__ = ["COMMANDS", "main", "module_of", "tell_unknown_command", "whole_parser"]

COMMANDS = {
    "gethash": "commit a lock to a server and print the URL of its index",
    "check": "read a lock and say what is wrong with it, with no server",
    "run": "run a command that sees nothing but what a lock pins",
    "fetch": "take everything that a lock admits into a folder",
    "wheelhouse": "write everything that a lock admits into one archive",
    "build-requirements": "say what the sdists of a lock are built with, and what of that it lacks",
    "sbom": "write what a lock is made of, as CycloneDX or SPDX",
    "merge-sboms": "merge SBOMs into one, those of Hermeto too",
    "env": "print the variables that point installers at a folder or an index",
    "inject": "rewrite requirements files to the files of a folder",
    "learn": "run a command and write down as a lock what it takes from an open index",
    "diff": "say what differs between two locks, addresses or SBOMs",
    "server": "serve locks to every client, in the foreground",
    "verify": "hash everything in a store again, and repair it",
    "sweep": "remove from a store what nobody used for a while",
    "completion": "print what a shell needs to complete all this",
    "help": "print what a command does, with its options",
    "version": "print the version",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    :param arguments: without the program's name; ``None`` for those of this process.
    :returns: the exit status, see :mod:`reqpi.cli.statuses`.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        try:
            return _dispatch(given)
        finally:
            if sys.stdout is not None:  # it is None where the caller closed it
                sys.stdout.flush()
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # The interpreter flushes once more on its way out, and would complain again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return BROKEN_PIPE
    except Exception:
        # Left to the interpreter, the status would be 1, which says that the lock has defects.
        sys.excepthook(*sys.exc_info())
        return OUR_FAULT


def module_of(command: str) -> Any:
    """The module of one of :data:`COMMANDS`."""
    return import_module(f"reqpi.cli.commands.{command.replace('-', '_')}")


def _dispatch(arguments: Sequence[str]) -> int:
    """Find the command and run it; an error that it knows no better answer to becomes a message and a status."""
    if not arguments or arguments[0].startswith("-"):
        whole_parser().parse_args(arguments or ["--help"])
        return USAGE
    if arguments[0] not in COMMANDS:
        tell_unknown_command(arguments[0])
        return USAGE
    command = module_of(arguments[0])
    try:
        status: int = command.main(arguments[1:])
    except SystemExit as end:
        if end.code == USAGE:
            from reqpi.cli.suggestions import tell_unknown_options  # noqa: PLC0415

            tell_unknown_options(command.command_line(), arguments[1:])
        raise
    except Exception as error:
        # Imported here because it knows every error there is, and with them attrs and packaging.
        from reqpi.cli.failures import tell_failure  # noqa: PLC0415

        known = tell_failure(error)
        if known is None:
            raise
        return known
    return status


def tell_unknown_command(command: str) -> None:
    """Tell which command may be meant; or all of them, if none is spelled alike."""
    from reqpi.cli.messages import tell_error  # noqa: PLC0415
    from reqpi.cli.suggestions import did_you_mean  # noqa: PLC0415

    question = did_you_mean(command, COMMANDS)
    tell_error(
        f"there is no command {command}",
        f"{question} reqpi help lists all commands." if question else f"The commands are {', '.join(COMMANDS)}.",
    )


def whole_parser() -> argparse.ArgumentParser:
    """Return the parser for a command line without a command; the commands' own parsers are in their modules."""
    listing = "\n".join(f"  {name:<18} {summary}" for name, summary in COMMANDS.items())
    parser = argparse.ArgumentParser(
        prog="reqpi",
        usage="reqpi [-h] [--version] COMMAND …",
        description="The hermetic package index: upload a lock, get an index that serves exactly what it pins.",
        epilog=f"commands (reqpi help COMMAND, or COMMAND --help):\n{listing}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"reqpi {__version__}")
    parser.add_argument("command", metavar="COMMAND", choices=COMMANDS, help=argparse.SUPPRESS)
    return parser
