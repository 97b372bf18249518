"""A reader of JSON that may come from anyone: each value is checked before it is used, and errors name its place."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from attrs import field, frozen

from reqpi.core.model import Digest

__all__ = ["LARGEST", "BadSbom", "Notes", "digests_of", "mapping", "objects", "parse", "text", "texts"]

LARGEST = 32 << 20
"""The maximum size of a document in bytes. A document of 1,000 components has 3 MB."""

_MOST_CONTAINERS = 2_000_000
_MOST_VALUES = 4_000_000
"""The maximum numbers of objects and arrays, and of values: each takes about 60 bytes of memory, however short."""

_LONGEST = 100_000
"""The maximum length of a string in characters."""

_MOST_NOTES = 100
_HEX = frozenset("0123456789abcdef")
_LENGTHS = {"sha256": 64, "sha384": 96, "sha512": 128}


class BadSbom(ValueError):
    """A document that cannot be read as an SBOM.

    :param where: the place in it, such as ``components[3].purl``; empty for the whole document.
    :param problem: what is wrong.
    :param advice: what to write or to do instead.
    """

    def __init__(self, where: str, problem: str, advice: str = "") -> None:
        self.problem = f"{where}: {problem}" if where else problem
        self.advice = advice
        super().__init__(self.problem)


@frozen
class Notes:
    """The places in a document that are not read, each once."""

    _places: dict[str, None] = field(factory=dict)

    def say(self, place: str) -> None:
        """Add a place."""
        if len(self._places) < _MOST_NOTES:
            self._places[place] = None

    def others(self, fields: Mapping[str, Any], place: str, known: Iterable[str]) -> None:
        """Add every key of an object that is not in ``known``."""
        for key in fields.keys() - set(known):
            self.say(f"{place}.{_clean(key)[:80]}".strip("."))

    def named(self) -> tuple[str, ...]:
        """Return the places, sorted."""
        return tuple(sorted(self._places))


def parse(data: bytes, largest: int = LARGEST) -> Mapping[str, Any]:
    """Return the JSON object in ``data``.

    :param largest: the number of bytes that it may have.
    :raises BadSbom: it is not a JSON object, is too large or too deeply nested, or repeats a key in one object.
    """
    if len(data) > largest:
        raise BadSbom("", f"the document is larger than {largest >> 20} MiB")
    if data.count(b"{") + data.count(b"[") > _MOST_CONTAINERS or data.count(b",") > _MOST_VALUES:
        raise BadSbom("", "the document has too many values")
    try:
        document = json.loads(data, object_pairs_hook=_unique_keys)
    except RecursionError:
        raise BadSbom("", "the document is nested too deeply") from None
    except BadSbom:
        raise
    except ValueError as error:
        raise BadSbom(
            "", f"the document is not JSON: {str(error)[:200]}", "Convert XML or tag:value to JSON."
        ) from None
    return mapping(document, "the document")


def mapping(value: Any, where: str) -> Mapping[str, Any]:
    """Return ``value``, which must be an object; an empty object for ``None``."""
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise BadSbom(where, f"{_shown(value)} is not an object")
    return value


def objects(fields: Mapping[str, Any], key: str, where: str = "") -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield the objects of an array, each with its place; nothing if the key is missing."""
    place = f"{where}.{key}".strip(".")
    value = fields.get(key)
    if value is not None and not isinstance(value, list):
        raise BadSbom(place, f"{_shown(value)} is not an array")
    for at, each in enumerate(value or ()):
        yield f"{place}[{at}]", mapping(each if each is not None else "", f"{place}[{at}]")


def text(fields: Mapping[str, Any], key: str, where: str) -> str:
    """Return a string without control characters; an empty one if the key is missing."""
    value = fields.get(key)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise BadSbom(f"{where}.{key}".strip("."), f"{_shown(value)} is not a string")
    if len(value) > _LONGEST:
        raise BadSbom(f"{where}.{key}".strip("."), f"the string is longer than {_LONGEST} characters")
    return _clean(value)


def texts(fields: Mapping[str, Any], key: str, where: str) -> list[str]:
    """Return the strings of an array; an empty list if the key is missing."""
    value = fields.get(key)
    if value is not None and not isinstance(value, list):
        raise BadSbom(f"{where}.{key}".strip("."), f"{_shown(value)} is not an array")
    return [text({"": each}, "", f"{where}.{key}[{at}]") for at, each in enumerate(value or ())]


def digests_of(
    fields: Mapping[str, Any], key: str, names: tuple[str, str], where: str, notes: Notes
) -> tuple[Digest, ...]:
    """Return the digests of an array, sorted. Unsupported algorithms are added to ``notes``.

    :param names: the keys of the algorithm and of the hex digits.
    """
    found = set()
    for place, each in objects(fields, key, where):
        algorithm = text(each, names[0], place).lower().replace("-", "")
        digits = text(each, names[1], place).lower()
        if algorithm not in _LENGTHS:
            notes.say(f"{key}[] by {algorithm[:20]}")
        elif len(digits) != _LENGTHS[algorithm] or not set(digits) <= _HEX:
            raise BadSbom(place, f"{_shown(digits)} is not a {algorithm} digest")
        else:
            found.add(Digest(algorithm, digits))
    return tuple(sorted(found))


def _clean(value: str) -> str:
    # Line ends separate the files in SPDX's sourceInfo. Half of a surrogate pair is not printable either.
    if value.isprintable():
        return value
    return "".join(char if char.isprintable() or char == "\n" else " " for char in value)


def _shown(value: Any) -> str:
    kinds = {dict: "an object", list: "an array", type(None): "null"}
    return kinds.get(type(value)) or json.dumps(value)[:80]


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise BadSbom("", f"the key {_shown(twice)} is repeated in one object", "Keep one of them.")
    return found
