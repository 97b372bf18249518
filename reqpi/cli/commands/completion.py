"""``reqpi completion``: a script with which a shell completes commands, options and files, from the commands' parsers.

shtab writes it. It is imported here only, to write the script: completing needs neither shtab nor ReqPI.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from reqpi.cli import COMMANDS, module_of
from reqpi.cli.statuses import DONE
from reqpi.core.errors import Misconfigured
from reqpi.core.extras import advice_for

__all__ = ["command_line", "main"]

SHELLS = ("bash", "zsh", "fish")

_FILES = ("FILE", "FILE.tar", "WHERE", "DIR|URL", "A", "B")
_FOLDERS = ("DIR",)
"""The metavars of arguments that are paths."""


def main(arguments: Sequence[str]) -> int:
    """Print the script for a shell."""
    options = command_line().parse_args(arguments)
    try:
        import shtab  # noqa: PLC0415
    except ImportError:
        raise Misconfigured("completion needs shtab", advice_for("completion")) from None
    whole = _whole()
    _mark_paths(whole, shtab.FILE, shtab.DIRECTORY)
    print(shtab.complete(whole, options.shell), end="")
    return DONE


def _whole() -> argparse.ArgumentParser:
    """Return one parser for all commands; elsewhere each command has its own."""
    whole = argparse.ArgumentParser(prog="reqpi")
    whole.add_argument("--version", action="version", version="", help="print the version")
    commands = whole.add_subparsers()
    for name, summary in COMMANDS.items():
        own: argparse.ArgumentParser = module_of(name).command_line()
        commands.add_parser(name, help=summary, parents=[own], add_help=False, prog=own.prog)
    return whole


def _mark_paths(parser: argparse.ArgumentParser, file: object, folder: object) -> None:
    """Mark the actions that take a path; shtab reads ``complete``."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for each in action.choices.values():
                _mark_paths(each, file, folder)
        elif action.metavar in _FOLDERS:
            action.complete = folder  # type: ignore[attr-defined]
        elif action.metavar in _FILES or action.type is Path:
            action.complete = file  # type: ignore[attr-defined]


def command_line() -> argparse.ArgumentParser:
    """Return the parser of its options and arguments."""
    parser = argparse.ArgumentParser(
        prog="reqpi completion",
        description="Print a script with which a shell completes commands, options and files. bash: save it as "
        "~/.local/share/bash-completion/completions/reqpi; zsh: as _reqpi in a folder of fpath; fish: as "
        "~/.config/fish/completions/reqpi.fish.",
        epilog="Exit status: 0 done, 2 usage, or shtab is not installed.",
    )
    parser.add_argument("shell", choices=SHELLS, help="the shell that reads the script")
    return parser
