"""The options for limits on what clients may do: how often, how many at a time, and for how long.

This module imports the standard library only; see :mod:`reqpi.server.options`.
"""

from __future__ import annotations

from reqpi.server.server_option import ServerOption, ValueKind

__all__ = ["LIMIT_OPTIONS", "RATE_OPTIONS"]

RATE_OPTIONS = (
    ServerOption(
        "limit-requests",
        "limit_requests",
        ValueKind.TEXT,
        "RATE",
        "requests of one client: N/s, N/min or N/h, with ,burst=N for how many may come at once; or off",
        "1000/s,burst=50000",
    ),
    ServerOption(
        "limit-commits",
        "limit_commits",
        ValueKind.TEXT,
        "RATE",
        "locks that one client commits",
        "60/min,burst=600",
    ),
    ServerOption(
        "limit-holds",
        "limit_holds",
        ValueKind.TEXT,
        "RATE",
        "locks whose files one client has the server fetch",
        "30/min,burst=300",
    ),
    ServerOption(
        "limit-sessions",
        "limit_sessions",
        ValueKind.TEXT,
        "RATE",
        "learn sessions and runs that one client begins",
        "60/min,burst=600",
    ),
)
"""The rates. Each value is the text of a :class:`reqpi.core.limits.rates.Rate`."""

LIMIT_OPTIONS = (
    *RATE_OPTIONS,
    ServerOption(
        "max-connections",
        "max_connections",
        ValueKind.NUMBER,
        "N",
        "open connections in total; 0 for as many as the limit on open files allows",
        8192,
    ),
    ServerOption(
        "max-client-connections",
        "max_client_connections",
        ValueKind.NUMBER,
        "N",
        "open connections of one network address; 0 for any number",
        shown="half of --max-connections; any number with --trust-proxy",
    ),
    ServerOption(
        "head-timeout",
        "head_timeout",
        ValueKind.NUMBER,
        "SECONDS",
        "the time in which the head of a request has to arrive; 0 for any time",
        20,
    ),
    ServerOption(
        "body-timeout",
        "body_timeout",
        ValueKind.NUMBER,
        "SECONDS",
        "the time in which the body of a request has to arrive; 0 for any time",
        120,
    ),
    ServerOption(
        "max-uploads",
        "max_uploads",
        ValueKind.SIZE,
        "BYTES",
        "bodies of requests that are not answered yet, in total; one client may have half; 0 for any number",
        256 << 20,
    ),
    ServerOption(
        "max-unread",
        "max_unread",
        ValueKind.SIZE,
        "BYTES",
        "responses in memory that clients do not read, in total; one client may have half; 0 for any number",
        256 << 20,
    ),
)
"""All of them, in the order of docs/reference/options.md."""
