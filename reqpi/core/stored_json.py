"""JSON that is read from a store: of bounded numbers, and of the types that were written, or an error.

Someone may have written other bytes into the store. Whatever they are, reading them ends in one of :data:`NOT_WRITTEN`.
The messages of these errors contain nothing of what was read, because they go to the log.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from math import isfinite
from typing import Any, TypeVar

__all__ = ["NOT_WRITTEN", "finite", "mapping", "newer", "optional", "parse", "sequence", "typed"]

NOT_WRITTEN = (ValueError, KeyError, TypeError, RecursionError)
"""The errors of reading a record that ReqPI did not write."""

_DIGITS = 18
"""Digits of a whole number, at most: sums of a few such numbers can be written as JSON again."""

_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")

_T = TypeVar("_T")


def parse(data: bytes) -> Any:
    """Return the parsed JSON.

    :raises ValueError: it is not JSON in UTF-8, or has a number or a character that cannot be written again.
    :raises RecursionError: it is nested too deeply.
    """
    text = data.decode("utf-8")
    # With a hook in Python the parser releases the interpreter now and then; without one, the reactor waits for it.
    value = json.loads(text, object_hook=_as_it_is, parse_int=_whole, parse_float=_decimal, parse_constant=_no_constant)
    if _SURROGATE.search(text):
        json.dumps(value, ensure_ascii=False).encode()  # a UnicodeEncodeError for a surrogate without its other half
    return value


def typed(value: object, kind: type[_T]) -> _T:
    """Return a value that has exactly this type.

    :raises ValueError: it has another type.
    """
    if type(value) is not kind:
        raise ValueError(f"a value is of type {type(value).__name__}, not {kind.__name__}")
    return value


def optional(value: object, kind: type[_T]) -> _T | None:
    """Return a value that is ``None`` or has exactly this type.

    :raises ValueError: it has another type.
    """
    return None if value is None else typed(value, kind)


def mapping(value: object) -> Mapping[str, Any]:
    """Return a value that is a JSON object.

    :raises ValueError: it is not.
    """
    return typed(value, dict)


def sequence(value: object, kind: type[_T]) -> tuple[_T, ...]:
    """Return the items of a JSON array, all of one type.

    :raises ValueError: it is not an array, or an item has another type.
    """
    return tuple(typed(item, kind) for item in typed(value, list))


def finite(value: object) -> float:
    """Return a number, which may be a whole one.

    :raises ValueError: it is not a number.
    """
    if type(value) not in (int, float):
        raise ValueError(f"a value is of type {type(value).__name__}, not a number")
    return float(value)  # type: ignore[arg-type]


def newer(layout: object) -> str:
    """Return the title of the error for a record of an unknown layout."""
    return f"a newer ReqPI wrote the store (layout {typed(layout, int)})"


def _as_it_is(parsed: dict[str, Any]) -> dict[str, Any]:
    return parsed


def _whole(digits: str) -> int:
    if len(digits) > _DIGITS:
        raise ValueError("a number has too many digits")
    return int(digits)


def _decimal(digits: str) -> float:
    number = float(digits)
    if not isfinite(number):
        raise ValueError("a number is too large")
    return number


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is not a number")
