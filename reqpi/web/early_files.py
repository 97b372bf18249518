"""The header ``X-ReqPI-Soon`` of a commit: its client says for which target it will soon request files of the lock.

It is advice: a header that cannot be read, a client that may not have files held, or one that has reached the rate of
holds, is answered as if there were none.
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qs

from twisted.web.server import Request

from reqpi.core.access.clients import AccessScope
from reqpi.core.limits.limit import Limit
from reqpi.core.model import Commitment
from reqpi.core.targets import FILTERS, BadFilter, InstallTarget
from reqpi.runtime.on_behalf import requester
from reqpi.shelf.whole_lock.early_files import EarlyFiles
from reqpi.web.http.access import identity_of
from reqpi.web.http.headers import header

__all__ = ["begin_early"]

_LONGEST = 1000
"""Characters of the header, at most."""

_FIELDS = 50
"""Filters in it, at most."""

_NUMBER = re.compile(r"_[0-9]{3}")
"""A number in a platform tag that no libc has, and that implies as many older platforms."""

_MINOR = 40
"""The minor version of a Python is below it."""


def begin_early(request: Request, early: EarlyFiles, commitment: Commitment) -> None:
    """Begin to fetch files of a new lock, if its client will request them soon and may have them held."""
    said = header(request, "X-ReqPI-Soon")
    if not said or len(said) > _LONGEST or not identity_of(request).may(AccessScope.HOLD):
        return
    try:
        values = parse_qs(said, max_num_fields=_FIELDS)
        target = InstallTarget.read({name: values.get(name, []) for name in FILTERS})
    except (BadFilter, ValueError):
        return
    every = values.get("every") == ["1"]
    if not every and not _is_one(target):
        return
    site: Any = request.site
    bucket = site.limits.rates.bucket(Limit.HOLDS, requester())
    if bucket is None or bucket.take(site.limits.rates.now()):
        early.begin(commitment, target, every=every)


def _is_one(target: InstallTarget) -> bool:
    """Return whether a target is one Python on one platform, without numbers that imply thousands of tags."""
    platforms = [_NUMBER.search(platform) is None for platform in target.platforms]
    pythons = [len(python) > 1 and python[1] < _MINOR for python in target.pythons]
    return platforms == pythons == [True] and len(target.implementations) <= 1 and len(target.abis) <= 1
