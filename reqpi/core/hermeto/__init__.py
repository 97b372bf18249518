"""The interfaces of Hermeto, Cachi2 and Cachito: their inputs, the files that an input selects, and their names.

Their own documentation describes the interfaces; ``docs/moving`` lists the differences and the reasons.
"""

from __future__ import annotations

from reqpi.core.hermeto.binary import Binary
from reqpi.core.hermeto.config import FetchedPackage, build_config
from reqpi.core.hermeto.fields import BadInput, InputFlaw
from reqpi.core.hermeto.input import HermetoInput, InputPackage, is_inline, read
from reqpi.core.hermeto.names import name_of
from reqpi.core.hermeto.request import SourceRequest, read_request
from reqpi.core.hermeto.selection import Selection, UnselectablePin, platforms, select
from reqpi.core.project.git_origin import origin_of

__all__ = [
    "BadInput",
    "Binary",
    "FetchedPackage",
    "HermetoInput",
    "InputFlaw",
    "InputPackage",
    "Selection",
    "SourceRequest",
    "UnselectablePin",
    "build_config",
    "is_inline",
    "name_of",
    "origin_of",
    "platforms",
    "read",
    "read_request",
    "select",
]
