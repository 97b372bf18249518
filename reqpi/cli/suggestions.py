"""Suggestions for a mistyped command or option."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Sequence

from reqpi.cli.messages import tell_error

__all__ = ["did_you_mean", "tell_unknown_options"]


def did_you_mean(written: str, known: Iterable[str]) -> str:
    """Return a question that names the most similar spellings; empty if nothing is similar.

    :param written: a command or an option: ``gethsh``, ``--platfrom``.
    """
    # Imported here because it costs some milliseconds, and most commands are spelled correctly.
    from difflib import get_close_matches  # noqa: PLC0415

    close = get_close_matches(written, sorted(known), n=3, cutoff=0.7)
    return f"Did you mean {' or '.join(close)}?" if close else ""


def tell_unknown_options(parser: argparse.ArgumentParser, arguments: Sequence[str]) -> None:
    """Report each option that a parser does not have but that resembles one of its options.

    :param arguments: the whole command line; the arguments after ``--`` belong to another command.
    """
    known = [option for action in parser._actions for option in action.option_strings if option.startswith("--")]
    own = arguments[: arguments.index("--")] if "--" in arguments else arguments
    for option in (argument.partition("=")[0] for argument in own if argument.startswith("--")):
        if not any(each.startswith(option) for each in known):
            question = did_you_mean(option, known)
            if question:
                tell_error(f"unknown option {option}", question)
