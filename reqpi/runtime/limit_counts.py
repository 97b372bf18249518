"""Counts of what limits have refused, for whatever shows them: the log, or a page of metrics."""

from __future__ import annotations

from collections import Counter
from enum import StrEnum

__all__ = ["Limit", "LimitCounts"]


class Limit(StrEnum):
    """A limit of a server. The values name it in counts and logs, and in the ``limit`` of a problem."""

    REQUESTS = "requests"
    COMMITS = "commits"
    HOLDS = "holds"
    SESSIONS = "sessions"
    """Sessions of record mode, and runs."""

    CONNECTIONS = "connections"
    CLIENT_CONNECTIONS = "client-connections"
    HEAD_TIME = "head-time"
    BODY_TIME = "body-time"
    UPLOADS = "uploads"
    CLIENT_UPLOADS = "client-uploads"
    UNREAD = "unread"
    """Bytes of responses that clients do not read."""


class LimitCounts:
    """How often each limit was reached in this process.

    :ivar totals: by limit; it has each of them from the start.
    """

    def __init__(self) -> None:
        self.totals: Counter[Limit] = Counter(dict.fromkeys(Limit, 0))

    def refused(self, limit: Limit) -> None:
        """Count a request or a connection that a limit has ended. A subclass may pass it on."""
        self.totals[limit] += 1
