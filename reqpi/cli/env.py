"""``reqpi env``: the variables that point installers at a folder of files, or at an index, and nowhere else."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from reqpi.cli.statuses import DONE
from reqpi.client import BadUsage
from reqpi.client.target import target_of
from reqpi.export.environment import SHELLS, environment, environment_of_folder

__all__ = ["main"]


def main(arguments: Sequence[str]) -> int:
    """Print them."""
    options = _parser().parse_args(arguments)
    place: str = options.place
    if place.startswith(("http://", "https://")):
        target_of(place)
        if options.for_output_dir:
            raise BadUsage("--for-output-dir is for a folder", "An index has the same URL wherever it is used.")
        index = place if place.rstrip("/").endswith("/simple") else f"{place.rstrip('/')}/simple"
        written = environment(f"{index.rstrip('/')}/", options.shell)
    else:
        folder = Path(place)
        if not options.for_output_dir and not folder.is_dir():
            raise BadUsage(f"{place} is no folder", "Name one that reqpi fetch has filled, or the URL of an address.")
        written = environment_of_folder(options.for_output_dir or str(folder.absolute()), options.shell)
    print(written.decode(), end="")
    return DONE


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="reqpi env",
        description="Print the variables that point pip and uv at a folder of files, or at the index of an address, "
        "and take away those that point elsewhere.",
        epilog="Exit status: 0 done, 2 usage.",
    )
    parser.add_argument("place", metavar="DIR|URL", help="a folder that reqpi fetch has filled; or an address's URL")
    parser.add_argument("--shell", choices=SHELLS, default="sh", help="for what (default: sh)")
    parser.add_argument(
        "--for-output-dir", metavar="DIR", help="where the folder will be when the variables are used: in a container"
    )
    return parser
