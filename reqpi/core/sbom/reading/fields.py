"""JSON from anybody: each value is looked at before it is used, and each error names its place."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from attrs import field, frozen

from reqpi.core.model import Digest

__all__ = ["LARGEST", "BadBill", "Notes", "digests_of", "mapping", "objects", "parse", "text", "texts"]

LARGEST = 32 << 20
"""Bytes of a document. One of 1,000 components has 3 MB."""

_MOST_CONTAINERS = 2_000_000
_MOST_VALUES = 4_000_000
"""Objects and arrays, and values, of a document: each takes some 60 bytes of memory, however short it is."""

_LONGEST = 100_000
"""Characters of one text."""

_MOST_NOTES = 100
_HEX = frozenset("0123456789abcdef")
_LENGTHS = {"sha256": 64, "sha384": 96, "sha512": 128}


class BadBill(ValueError):
    """A document cannot be read as an SBOM.

    :param where: the place in it: ``components[3].purl``; empty for the whole.
    :param problem: what is wrong.
    :param advice: what to write, or what to do.
    """

    def __init__(self, where: str, problem: str, advice: str = "") -> None:
        self.problem = f"{where}: {problem}" if where else problem
        self.advice = advice
        super().__init__(self.problem)


@frozen
class Notes:
    """The places of what is not carried over, each once."""

    _places: dict[str, None] = field(factory=dict)

    def say(self, place: str) -> None:
        """Note one."""
        if len(self._places) < _MOST_NOTES:
            self._places[place] = None

    def others(self, fields: Mapping[str, Any], place: str, known: Iterable[str]) -> None:
        """Note every key of an object that is not among ``known``."""
        for key in fields.keys() - set(known):
            self.say(f"{place}.{_clean(key)[:80]}".strip("."))

    def named(self) -> tuple[str, ...]:
        """Return all of them, sorted."""
        return tuple(sorted(self._places))


def parse(data: bytes) -> Mapping[str, Any]:
    """Return the JSON object that ``data`` is.

    :raises BadBill: it is not, or is too large or too deep, or has a key twice in one object.
    """
    if len(data) > LARGEST:
        raise BadBill("", f"this is larger than {LARGEST >> 20} MiB")
    if data.count(b"{") + data.count(b"[") > _MOST_CONTAINERS or data.count(b",") > _MOST_VALUES:
        raise BadBill("", "this has too many values")
    try:
        document = json.loads(data, object_pairs_hook=_once)
    except RecursionError:
        raise BadBill("", "this is nested too deeply") from None
    except BadBill:
        raise
    except ValueError as error:
        raise BadBill("", f"this is not JSON: {str(error)[:200]}", "XML and tag:value are not read.") from None
    return mapping(document, "the document")


def mapping(value: Any, where: str) -> Mapping[str, Any]:
    """Return ``value``, which must be an object; an empty one in place of none."""
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise BadBill(where, f"{_shown(value)} is not an object")
    return value


def objects(fields: Mapping[str, Any], key: str, where: str = "") -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield the objects of an array, each with its place; none if there is no such key."""
    place = f"{where}.{key}".strip(".")
    value = fields.get(key)
    if value is not None and not isinstance(value, list):
        raise BadBill(place, f"{_shown(value)} is not an array")
    for at, each in enumerate(value or ()):
        yield f"{place}[{at}]", mapping(each if each is not None else "", f"{place}[{at}]")


def text(fields: Mapping[str, Any], key: str, where: str) -> str:
    """Return a text without control characters; an empty one if there is no such key."""
    value = fields.get(key)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise BadBill(f"{where}.{key}".strip("."), f"{_shown(value)} is not a text")
    if len(value) > _LONGEST:
        raise BadBill(f"{where}.{key}".strip("."), f"it is longer than {_LONGEST} characters")
    return _clean(value)


def texts(fields: Mapping[str, Any], key: str, where: str) -> list[str]:
    """Return the texts of an array."""
    value = fields.get(key)
    if value is not None and not isinstance(value, list):
        raise BadBill(f"{where}.{key}".strip("."), f"{_shown(value)} is not an array")
    return [text({"": each}, "", f"{where}.{key}[{at}]") for at, each in enumerate(value or ())]


def digests_of(
    fields: Mapping[str, Any], key: str, names: tuple[str, str], where: str, notes: Notes
) -> tuple[Digest, ...]:
    """Return the digests of an array, sorted; those by other algorithms are noted.

    :param names: the keys of the algorithm and of the hex digits.
    """
    found = set()
    for place, each in objects(fields, key, where):
        algorithm = text(each, names[0], place).lower().replace("-", "")
        digits = text(each, names[1], place).lower()
        if algorithm not in _LENGTHS:
            notes.say(f"{key}[] by {algorithm[:20]}")
        elif len(digits) != _LENGTHS[algorithm] or not set(digits) <= _HEX:
            raise BadBill(place, f"{_shown(digits)} is not a {algorithm}")
        else:
            found.add(Digest(algorithm, digits))
    return tuple(sorted(found))


def _clean(value: str) -> str:
    # Line ends mean something in SPDX's sourceInfo. Half a surrogate pair is not printable either.
    if value.isprintable():
        return value
    return "".join(char if char.isprintable() or char == "\n" else " " for char in value)


def _shown(value: Any) -> str:
    kinds = {dict: "an object", list: "an array", type(None): "null"}
    return kinds.get(type(value)) or json.dumps(value)[:80]


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise BadBill("", f"the key {_shown(twice)} stands twice in one object", "Keep one of them.")
    return found
