"""``--receipt FILE``: the option alone, because receipts take long to import and most commands write none."""

from __future__ import annotations

import argparse
from pathlib import Path

__all__ = ["add_receipt"]


def add_receipt(parser: argparse.ArgumentParser, text: str) -> None:
    """Add ``--receipt FILE``.

    :param text: its help.
    """
    parser.add_argument("--receipt", type=Path, metavar="FILE", help=text)
