"""A command line that has another one in it, behind ``--``."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

__all__ = ["commanded"]


def commanded(parser: argparse.ArgumentParser, arguments: Sequence[str]) -> tuple[argparse.Namespace, list[str]]:
    """The options, and the command behind the first ``--``; a later ``--`` is the command's own."""
    own, command = list(arguments), []
    if "--" in own:
        end = own.index("--")
        own, command = own[:end], own[end + 1 :]
    options = parser.parse_intermixed_args(own)
    if not command:
        parser.error("write -- and the command to run behind it")
    return options, command
