"""JSON that is written piece by piece.

A bill of 1,000 components is some megabytes. As one tree of objects it would keep the garbage collector busy, and as
one call the encoder, for long enough that a server's other clients notice. Piece by piece, neither is.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

__all__ = ["written"]


def written(document: Mapping[str, Any]) -> bytes:
    """An object, indented.

    :param document: what it has; an iterator becomes an array, of which there is one element at a time.
    """
    return "".join(_pieces(document)).encode()


def _pieces(document: Mapping[str, Any]) -> Iterator[str]:
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
    # Inside a string there is no line end that is not escaped.
    return json.dumps(value, indent=2).replace("\n", f"\n{' ' * by}")
