"""The name of the client for which this process is at work, for records of who has caused something.

A context variable carries it, so that the many functions between a request and such a record need not pass it on.
"""

from __future__ import annotations

from contextvars import ContextVar

__all__ = ["acting_client"]

acting_client: ContextVar[str] = ContextVar("acting_client", default="")
"""The name of the token, or the subject of a signed one; empty for a client without one, and for the server itself."""
