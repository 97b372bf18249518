"""Lists and tables in a parsed TOML lock, whatever stands there: anything that is not one is passed over."""

from __future__ import annotations

__all__ = ["listed", "tables_in"]


def listed(found: object) -> list[object]:
    """Return an array; an empty one in place of anything else."""
    return found if isinstance(found, list) else []


def tables_in(found: object) -> list[dict[str, object]]:
    """Return the tables in an array."""
    return [each for each in listed(found) if isinstance(each, dict)]
