"""The command line: the dispatch to a command, and the handling of errors that all commands share.

A command is a module of :mod:`reqpi.cli.commands` with two functions: ``main(arguments)``, which returns the exit
status, and ``command_line()``, which returns the parser of its options and arguments. It is imported only when it is
called, because ``gethash`` must start at once and ``run`` imports a whole server.
"""

from __future__ import annotations

import argparse
import gc
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
    "check": "read a lock and report its defects, without a server",
    "run": "run a command that can install only what a lock pins",
    "fetch": "download everything that a lock admits into a folder",
    "wheelhouse": "write everything that a lock admits into one archive",
    "mirror": "write the index of a lock as plain files, for any web server, object store or CDN",
    "build-requirements": "list what the sdists of a lock need to be built, and what of that the lock lacks",
    "sbom": "write the SBOM of a lock, as CycloneDX or SPDX",
    "merge-sboms": "merge several SBOMs, including those of Hermeto, into one",
    "attest": "state from which files a build was made, as SLSA provenance, or verify such a statement",
    "env": "print the variables that point installers at a folder or an index",
    "inject": "rewrite requirements files to use the files of a folder",
    "learn": "run a command and record as a lock what it takes from an open index",
    "drift": "report what became of the files that a lock pins: yanked, gone, replaced, advisories",
    "diff": "list the differences between two locks, addresses or SBOMs",
    "server": "serve locks to every client, in the foreground",
    "token": "make, list and revoke the tokens of a server's clients",
    "status": "print the state of a server or of a store on one screen",
    "deny": "do not serve a file, a release or a project any more, whatever locks admit",
    "forget": "remove a lock and its frozen lists from a store",
    "refreeze": "freeze the pages of a lock again, and report what has changed",
    "verify": "verify every file of a store again, and repair it",
    "sweep": "remove from a store what has not been used for a while",
    "completion": "print the completion script of a shell",
    "help": "print the help of a command",
    "version": "print the version",
}

_COLLECTED = 10_000
"""Objects after which the garbage collector looks for cycles. With Python's own 700 it takes a tenth of the time that
importing a server takes, and finds nothing."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    :param arguments: without the program's name; ``None`` for those of this process.
    :returns: the exit status, see :mod:`reqpi.cli.statuses`.
    """
    gc.set_threshold(_COLLECTED)
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        try:
            return _dispatch(given)
        finally:
            if sys.stdout is not None:  # it is None if the calling process closed it
                sys.stdout.flush()
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # The interpreter flushes stdout once more at exit, which would fail again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return BROKEN_PIPE
    except Exception:
        # The interpreter's own status would be 1, which means that the lock has defects.
        sys.excepthook(*sys.exc_info())
        return OUR_FAULT


def module_of(command: str) -> Any:
    """Import and return the module of one of :data:`COMMANDS`."""
    return import_module(f"reqpi.cli.commands.{command.replace('-', '_')}")


def _dispatch(arguments: Sequence[str]) -> int:
    """Find the command and run it; turn an error that it does not handle itself into a message and a status."""
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
        # Imported here because it imports every error, and with them attrs and packaging.
        from reqpi.cli.failures import tell_failure  # noqa: PLC0415

        known = tell_failure(error)
        if known is None:
            raise
        return known
    return status


def tell_unknown_command(command: str) -> None:
    """Report an unknown command, with the commands that are spelled alike, or with all of them if there are none."""
    from reqpi.cli.messages import tell_error  # noqa: PLC0415
    from reqpi.cli.suggestions import did_you_mean  # noqa: PLC0415

    question = did_you_mean(command, COMMANDS)
    tell_error(
        f"unknown command {command}",
        f"{question} reqpi help lists all commands." if question else f"The commands are {', '.join(COMMANDS)}.",
    )


def whole_parser() -> argparse.ArgumentParser:
    """Return the parser for a command line without a command; each command has its own parser in its module."""
    listing = "\n".join(f"  {name:<18} {summary}" for name, summary in COMMANDS.items())
    parser = argparse.ArgumentParser(
        prog="reqpi",
        usage="reqpi [-h] [--version] COMMAND …",
        description="The hermetic package index: upload a lock, get an index that serves exactly what the lock pins.",
        epilog=f"commands (reqpi help COMMAND, or COMMAND --help):\n{listing}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"reqpi {__version__}")
    parser.add_argument("command", metavar="COMMAND", choices=COMMANDS, help=argparse.SUPPRESS)
    return parser
