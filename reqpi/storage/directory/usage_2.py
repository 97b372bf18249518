"""Moments as file systems keep them."""

from __future__ import annotations

__all__ = ["FOREVER", "nanoseconds"]

FOREVER = (1 << 63) - 1
"""Nanoseconds since the epoch, later than any moment."""


def nanoseconds(seconds: float) -> int:
    """A moment in whole nanoseconds since the epoch; of two moments, the later is never made the earlier."""
    return int(seconds * 1_000_000_000)
