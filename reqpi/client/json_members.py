"""Members of a JSON object that is not trusted: each has the expected type, or a default takes its place."""

from __future__ import annotations

import json
from collections.abc import Mapping

from reqpi.client.exchange import ServerResponse

__all__ = ["number", "object_in", "objects", "text", "texts"]


def object_in(answer: ServerResponse) -> Mapping[str, object] | None:
    """Return the JSON object of a response; ``None`` if its body is anything else."""
    try:
        found = json.loads(answer.body)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def text(found: Mapping[str, object], key: str) -> str:
    """Return a string member; ``""`` if there is no string."""
    value = found.get(key)
    return value if isinstance(value, str) else ""


def number(found: Mapping[str, object], key: str) -> int:
    """Return a member that is a positive integer; 0 if there is none."""
    value = found.get(key)
    return value if isinstance(value, int) and value > 0 else 0


def objects(found: Mapping[str, object], key: str) -> list[Mapping[str, object]]:
    """Return the objects of a list member; an empty list if there is no list."""
    value = found.get(key)
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def texts(found: Mapping[str, object], key: str) -> tuple[str, ...]:
    """Return the strings of a list member; an empty tuple if there is no list."""
    value = found.get(key)
    return tuple(each for each in value if isinstance(each, str)) if isinstance(value, list) else ()
