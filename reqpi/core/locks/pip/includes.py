"""``-r`` and ``-c``: find the document of the same commitment that they name. Nothing is opened."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Set

from reqpi.core.locks.rules.requirements import OPTION_VALUE, Refused
from reqpi.core.locks.rules.sources import INCLUDE, INCLUDE_OUTSIDE

__all__ = ["resolve"]

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*+:")


def resolve(said: str, path: str, paths: Set[str], spelled: str = "-r") -> str:
    """Return the path of the document that ``-r said`` names in the document ``path``.

    :param said: the option's value, relative to the folder of ``path``.
    :param paths: the paths of all documents of the commitment.
    :param spelled: the option as it was written, for the message.
    :raises reqpi.core.locks.rules.requirements.Refused: the document is not among ``paths``.
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
