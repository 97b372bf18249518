"""Exports of a frozen commitment: the same lock, with nothing left open.

Every export is a function of the commitment, its frozen pages and the URL of its address: equal inputs give equal
bytes.
"""

from __future__ import annotations

from reqpi.core.export.admitted import chosen, files
from reqpi.core.export.env_shells import SHELLS, environment
from reqpi.core.export.pylock import pylock
from reqpi.core.export.requirements import requirements
from reqpi.core.export.selected import selected
from reqpi.core.export.wheelhouse import Wheelhouse, wheelhouse

__all__ = [
    "SHELLS",
    "Wheelhouse",
    "chosen",
    "environment",
    "files",
    "pylock",
    "requirements",
    "selected",
    "wheelhouse",
]
