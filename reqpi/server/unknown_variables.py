"""Environment variables that look like options and are not: a misspelled one would change nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from difflib import get_close_matches

from reqpi.server.options import OPTIONS

__all__ = ["unknown_variables"]

_OTHERS = ("REQPI_TOKEN",)
"""Variables of the commands that no option of the server has."""


def unknown_variables(names: Iterable[str]) -> Iterator[str]:
    """Yield a warning for each variable whose name begins like that of an option.

    :param names: the names of all environment variables.
    """
    known = {option.variable for option in OPTIONS} | {*_OTHERS}
    for name in sorted(names):
        if name.startswith("REQPI_") and name not in known:
            close = get_close_matches(name, known, n=1, cutoff=0.8)
            yield f"the variable {name} is not an option{f': did you mean {close[0]}?' if close else ''}"
