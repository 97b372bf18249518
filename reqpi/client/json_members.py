"""The members of a JSON object that somebody else wrote: of the type that is wanted, or nothing."""

from __future__ import annotations

import json
from collections.abc import Mapping

from reqpi.client.exchange import ServerResponse

__all__ = ["number", "object_in", "objects", "text", "texts"]


def object_in(answer: ServerResponse) -> Mapping[str, object] | None:
    """The JSON object of an answer."""
    try:
        found = json.loads(answer.body)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def text(found: Mapping[str, object], key: str) -> str:
    """A string, or ``""``."""
    value = found.get(key)
    return value if isinstance(value, str) else ""


def number(found: Mapping[str, object], key: str) -> int:
    """A natural number, or 0."""
    value = found.get(key)
    return value if isinstance(value, int) and value > 0 else 0


def objects(found: Mapping[str, object], key: str) -> list[Mapping[str, object]]:
    """A list of objects, or an empty one."""
    value = found.get(key)
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def texts(found: Mapping[str, object], key: str) -> tuple[str, ...]:
    """The strings of a list."""
    value = found.get(key)
    return tuple(each for each in value if isinstance(each, str)) if isinstance(value, list) else ()
