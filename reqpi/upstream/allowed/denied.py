"""The error of what the operator does not allow to be asked. It needs no network to be imported."""

from __future__ import annotations

from reqpi.core.errors import NothingUpstream

__all__ = ["Denied"]


class Denied(NothingUpstream):
    """The operator does not allow that to be asked: 410, as asking again brings the same."""
