"""Times, numbers and sizes as people read them."""

from __future__ import annotations

from datetime import UTC, datetime

from twisted.web.template import Tag, tags

from reqpi.core.sizes import size_text

__all__ = ["counted", "inline", "shown_size", "shown_time"]


def shown_time(seconds: float) -> Tag | str:
    """Return a time. The store may have any number in its place.

    :param seconds: since the epoch.
    """
    try:
        at = datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, ValueError, OSError):
        return "an unknown time"
    return tags.time(at.strftime("%Y-%m-%d %H:%M UTC"), datetime=at.strftime("%Y-%m-%dT%H:%M:%SZ"))


def counted(number: int, noun: str, plural: str = "") -> str:
    """Return a number with its noun: ``1 file``, ``2,400 files``."""
    return f"{number:,} {noun if number == 1 else plural or f'{noun}s'}"


def shown_size(size: int | None) -> str:
    """Return a size, or that it is unknown."""
    return "unknown" if size is None else size_text(size)


def inline(text: str) -> list[Tag | str]:
    """Return a sentence of ours, with what stands between backticks as code."""
    return [tags.code(part) if odd % 2 else part for odd, part in enumerate(text.split("`"))]
