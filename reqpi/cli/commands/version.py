"""``reqpi version``: the same as ``--version``."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from reqpi import __version__
from reqpi.cli.statuses import DONE

__all__ = ["command_line", "main"]


def main(arguments: Sequence[str]) -> int:
    """Print the version."""
    command_line().parse_args(arguments)
    print(f"reqpi {__version__}")
    return DONE


def command_line() -> argparse.ArgumentParser:
    """Return its parser, which has no arguments."""
    return argparse.ArgumentParser(
        prog="reqpi version", description="Print the version of ReqPI.", epilog="Exit status: 0 done, 2 usage."
    )
