"""The error for a request that the operator does not allow. Importing this module needs no network code."""

from __future__ import annotations

from reqpi.core.errors import NothingUpstream

__all__ = ["Denied"]


class Denied(NothingUpstream):
    """The operator does not allow this request. It becomes a 410, as asking again has the same result."""
