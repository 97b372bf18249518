"""A writer of JSON in pieces.

An SBOM of 1,000 components has several megabytes. As one tree of objects it would keep the garbage collector busy, and
encoding it in one call would keep the encoder busy, for long enough that a server's other clients notice. In pieces,
neither happens.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

__all__ = ["written"]


def written(document: Mapping[str, Any]) -> bytes:
    """Return an indented JSON object.

    :param document: its members; an iterator becomes an array, whose elements are made one at a time.
    """
    return "".join(_chunks(document)).encode()


def _chunks(document: Mapping[str, Any]) -> Iterator[str]:
    before = "{\n"
    for name, value in document.items():
        yield f"{before}  {json.dumps(name)}: "
        if isinstance(value, Iterator):
            yield from _array(value)
        else:
            yield _indented(value, 2)
        before = ",\n"
    yield "\n}\n"


def _array(elements: Iterator[Any]) -> Iterator[str]:
    before = "["
    for element in elements:
        yield f"{before}\n    {_indented(element, 4)}"
        before = ","
    yield "[]" if before == "[" else "\n  ]"


def _indented(value: Any, by: int) -> str:
    # A line end inside a JSON string is always escaped.
    return json.dumps(value, indent=2).replace("\n", f"\n{' ' * by}")
