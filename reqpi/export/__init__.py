"""A frozen commitment, written out again: the same lock, with nothing left open.

Every export is a function of the commitment, its frozen pages and the URL of its address: the same give the same bytes.
"""

from __future__ import annotations

from reqpi.export.environment import SHELLS, environment
from reqpi.export.files import files
from reqpi.export.links import chosen
from reqpi.export.pylock import pylock
from reqpi.export.requirements import requirements
from reqpi.export.wheelhouse import Wheelhouse, wheelhouse

__all__ = ["SHELLS", "Wheelhouse", "chosen", "environment", "files", "pylock", "requirements", "wheelhouse"]
