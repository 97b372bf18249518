"""The interfaces of Hermeto, Cachi2 and Cachito: what is asked for, which files that is, and what they are called.

Facts about them are in their documentation; ``docs/moving`` says where this differs, and why.
"""

from __future__ import annotations

from reqpi.prefetch.binary import Binary
from reqpi.prefetch.config import Filled, build_config
from reqpi.prefetch.fields import BadInput, Flaw
from reqpi.prefetch.input import Asked, Package, is_inline, read
from reqpi.prefetch.names import name_of
from reqpi.prefetch.origin import origin_of
from reqpi.prefetch.request import SourceRequest, read_request
from reqpi.prefetch.selection import Lacking, Selection, platforms, select

__all__ = [
    "Asked",
    "BadInput",
    "Binary",
    "Filled",
    "Flaw",
    "Lacking",
    "Package",
    "Selection",
    "SourceRequest",
    "build_config",
    "is_inline",
    "name_of",
    "origin_of",
    "platforms",
    "read",
    "read_request",
    "select",
]
