"""``reqpi env``: the variables that point installers at a folder of files, or at an index, and nowhere else."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from pathlib import Path

from reqpi.cli.folders.fetched_folder import deps_of, fetched_in, write
from reqpi.cli.statuses import DONE
from reqpi.client import BadUsage
from reqpi.client.target import index_of
from reqpi.core.export.env_shells import PAIRS, SHELLS, environment, environment_of_folder

__all__ = ["command_line", "main"]

_FORMATS = {"env": "sh", "json": PAIRS}
"""Hermeto's names for them."""


def main(arguments: Sequence[str]) -> int:
    """Print them, or write them to a file."""
    options = command_line().parse_args(arguments)
    place: str = options.place
    if place.startswith(("http://", "https://")):
        base, address = index_of(place)
        if options.for_output_dir:
            raise BadUsage("--for-output-dir is for a folder", "An index has the same URL wherever it is used.")
        written = environment(f"{base}/{address}/simple/", _shell(options))
    else:
        written = environment_of_folder(_links(Path(place), options.for_output_dir), _shell(options))
    if options.output is None:
        print(written.decode(), end="")
    else:
        write(options.output, written)
    return DONE


def _links(folder: Path, mounted: str | None) -> str:
    """Where files will be, when the folder is at ``mounted``; a relative one is relative to the current folder."""
    if mounted is not None:
        mounted = os.path.abspath(mounted) + ("/" if mounted.endswith("/") else "")
    if folder.is_dir():
        return deps_of(mounted or str(folder.absolute()), fetched_in(folder))
    if mounted is None:
        raise BadUsage(f"{folder} is no folder", "Name one that reqpi fetch has filled, or the URL of an address.")
    return mounted


def _shell(options: argparse.Namespace) -> str:
    if options.shell is not None:
        return str(options.shell)
    if options.format is not None:
        return _FORMATS[options.format]
    return PAIRS if options.output is not None and options.output.suffix == ".json" else "sh"


def command_line() -> argparse.ArgumentParser:
    """Its options and arguments."""
    parser = argparse.ArgumentParser(
        prog="reqpi env",
        description="Print the variables that point pip and uv at a folder of files, or at the index of an address, "
        "and take away those that point elsewhere.",
        epilog="Exit status: 0 done, 2 usage.",
    )
    parser.add_argument("place", metavar="DIR|URL", help="a folder that reqpi fetch has filled; or an address's URL")
    written_for = parser.add_mutually_exclusive_group()
    written_for.add_argument("--shell", choices=SHELLS, help="for what (default: sh)")
    written_for.add_argument(
        "-f", "--format", choices=_FORMATS, help="as Hermeto has it: env is for sh, json a list of names and values"
    )
    parser.add_argument(
        "--for-output-dir", metavar="DIR", help="where the folder will be when the variables are used: in a container"
    )
    parser.add_argument(
        "-o", "--output", type=Path, metavar="FILE", help="write them there; to a .json in the format json"
    )
    return parser
