"""``-r`` and ``-c``: which document of the same commitment is meant. Nothing is opened."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Set

from reqpi.core.locks.rules.requirements import OPTION_VALUE, Refused
from reqpi.core.locks.rules.sources import INCLUDE, INCLUDE_OUTSIDE

__all__ = ["resolve"]

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*+:")


def resolve(said: str, path: str, paths: Set[str], spelled: str = "-r") -> str:
    """The path of the document that ``-r said`` means in the document ``path``.

    :param paths: those of all documents of the commitment; with none of them, ``said`` is only looked at.
    :param spelled: the option as it was written, for what is said of it.
    :raises reqpi.core.locks.rules.requirements.Refused: it is not among them.
    """
    if not said.strip():
        raise Refused(OPTION_VALUE, f"{spelled} has no value")
    what = f"{spelled} {said}"
    if _SCHEME.match(said) or said.startswith("/"):
        raise Refused(INCLUDE_OUTSIDE, what)
    meant = posixpath.normpath(posixpath.join(posixpath.dirname(path), said))
    if meant.partition("/")[0] == "..":
        raise Refused(INCLUDE_OUTSIDE, what)
    if meant not in paths:
        raise Refused(INCLUDE, what, meant)
    return meant
