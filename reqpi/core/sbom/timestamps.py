"""Timestamps in the format of SBOMs: RFC 3339, in UTC, with whole seconds."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from reqpi.core.sbom.model import UNDATED

__all__ = ["newest", "timestamp"]


def newest(texts: Iterable[str | None]) -> str:
    """Return the newest of several ISO 8601 timestamps, ignoring those that are not valid; or :data:`UNDATED`."""
    times = [time for text in texts if (time := _time(text)) is not None]
    return f"{max(times).replace(tzinfo=None).isoformat(timespec='seconds')}Z" if times else UNDATED


def timestamp(text: str) -> str:
    """Return an ISO 8601 timestamp in the format of SBOMs; :data:`UNDATED` if it is not valid."""
    return newest([text])


def _time(text: str | None) -> datetime | None:
    try:
        said = datetime.fromisoformat(text or "")
        return (said if said.tzinfo else said.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
