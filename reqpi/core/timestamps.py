"""Times as the lines of logs have them."""

from __future__ import annotations

from datetime import UTC, datetime

__all__ = ["timestamp"]


def timestamp(seconds: float) -> str:
    """Return a time in UTC: ``2026-11-29T18:46:46.123Z``.

    :param seconds: since the epoch.
    """
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
