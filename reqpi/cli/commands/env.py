"""``reqpi env``: the environment variables that point installers at a folder of files, or at an index, only."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from pathlib import Path

from reqpi.cli.folders.crates_folder import CARGO_HOME, has_crates
from reqpi.cli.folders.fetched_folder import deps_of, fetched_in
from reqpi.cli.folders.output_folder import writing
from reqpi.cli.folders.written_file import write
from reqpi.cli.inputs.own_token import add_token_file, own_token, with_token
from reqpi.cli.processes.cargo_home import fill_home
from reqpi.cli.statuses import DONE
from reqpi.client import BadUsage
from reqpi.client.advisories import has_advisories
from reqpi.client.target import index_of
from reqpi.core.audit_vars import audit_changes
from reqpi.core.cargo_vars import cargo_changes
from reqpi.core.export.env_shells import PAIRS, SHELLS, environment, environment_of_folder

__all__ = ["command_line", "main"]

_FORMATS = {"env": "sh", "json": PAIRS}
"""Hermeto's names for the formats."""


def main(arguments: Sequence[str]) -> int:
    """Print the variables, or write them to a file."""
    options = command_line().parse_args(arguments)
    place: str = options.place
    if place.startswith(("http://", "https://")):
        base, address = index_of(place)
        if options.for_output_dir:
            raise BadUsage(
                "--for-output-dir is for a folder",
                "An index has the same URL wherever it is used: leave the option out.",
            )
        index = f"{base}/{address}/simple/"
        audits = audit_changes(index) if has_advisories(base, address) else {}
        written = environment(index, _shell(options), _own_cargo_home(index, options) | audits)
    elif options.cargo_home is not None or options.token_file is not None:
        raise BadUsage(
            f"{'--token-file' if options.cargo_home is None else '--cargo-home'} is for the URL of an address",
            "A folder that reqpi fetch has filled has one of its own: leave the option out.",
        )
    else:
        links = _links(Path(place), options.for_output_dir)
        written = environment_of_folder(links, _shell(options), _for_cargo(Path(place), options.for_output_dir))
    if options.output is None:
        print(written.decode(), end="")
    else:
        write(options.output, written)
    return DONE


def _links(folder: Path, mounted: str | None) -> str:
    """Return where the files will be when the folder is at ``mounted``, which may be relative to the current folder."""
    if mounted is not None:
        mounted = os.path.abspath(mounted) + ("/" if mounted.endswith("/") else "")
    if folder.is_dir():
        return deps_of(mounted or str(folder.absolute()), fetched_in(folder))
    if mounted is None:
        raise BadUsage(
            f"{folder} is not a folder", "Specify one that reqpi fetch has filled, or the URL of an address."
        )
    return mounted


def _for_cargo(folder: Path, mounted: str | None) -> dict[str, str]:
    """Return the variables for cargo, if the folder has crates."""
    if not has_crates(folder):
        return {}
    return cargo_changes(f"{os.path.abspath(mounted or folder).rstrip('/')}/{CARGO_HOME}")


def _own_cargo_home(index_url: str, options: argparse.Namespace) -> dict[str, str]:
    """Write the configuration of cargo, with the user's token, into a folder, and return the variables for cargo.

    :raises BadUsage: the folder cannot be written, or there is no folder for the token.
    """
    home: Path | None = options.cargo_home
    if home is None:
        if options.token_file is not None:
            raise BadUsage("--token-file is for cargo", "Add --cargo-home DIR; pip and uv read a token from netrc.")
        return {}
    with writing(home):
        home.mkdir(parents=True, exist_ok=True)
        further = fill_home(home, with_token(index_url, own_token(options.token_file)), os.environ)
    return cargo_changes(os.path.abspath(home)) | further


def _shell(options: argparse.Namespace) -> str:
    if options.shell is not None:
        return str(options.shell)
    if options.format is not None:
        return _FORMATS[options.format]
    return PAIRS if options.output is not None and options.output.suffix == ".json" else "sh"


def command_line() -> argparse.ArgumentParser:
    """Return the parser of its options and arguments."""
    parser = argparse.ArgumentParser(
        prog="reqpi env",
        description="Print the environment variables that point pip and uv at a folder of files, or at the index of an "
        "address, and unset those that point elsewhere.",
        epilog="Exit status: 0 done, 2 usage.",
    )
    parser.add_argument(
        "place", metavar="DIR|URL", help="a folder that reqpi fetch has filled, or the URL of an address"
    )
    written_for = parser.add_mutually_exclusive_group()
    written_for.add_argument("--shell", choices=SHELLS, help="the syntax (default: sh)")
    written_for.add_argument(
        "-f",
        "--format",
        choices=_FORMATS,
        help="Hermeto's names of formats: env is sh, json is a list of names and values",
    )
    parser.add_argument(
        "--for-output-dir",
        metavar="DIR",
        help="the path of the folder where the variables are used, such as in a container",
    )
    parser.add_argument(
        "--cargo-home",
        type=Path,
        metavar="DIR",
        help="for the URL of an address: write the configuration with which cargo takes crates from it to DIR, and set "
        "CARGO_HOME",
    )
    add_token_file(parser, "for the URL of an address, with --cargo-home: a file with the token of the server")
    parser.add_argument(
        "-o", "--output", type=Path, metavar="FILE", help="write them to this file; to a .json in the format json"
    )
    return parser
