"""The limits that a client can reach."""

from __future__ import annotations

from enum import StrEnum

__all__ = ["Limit"]

_OF_CLIENT = "client-"


class Limit(StrEnum):
    """A limit on what clients may do. The values are in problems, logs and metrics."""

    REQUESTS = "requests"
    COMMITS = "commits"
    HOLDS = "holds"
    SESSIONS = "sessions"
    """Sessions of record mode, and runs."""

    CONNECTIONS = "connections"
    CLIENT_CONNECTIONS = "client-connections"
    HEAD_TIME = "slow-head"
    BODY_TIME = "slow-body"
    UPLOADS = "body-bytes"
    """Bytes of bodies whose requests are not answered yet."""

    CLIENT_UPLOADS = "client-body-bytes"
    UNREAD = "unread-bytes"
    """Bytes of responses that clients do not read."""

    @property
    def reason(self) -> str:
        """The limit in counts, which do not distinguish one client's share from the whole."""
        return self.value.removeprefix(_OF_CLIENT)
