"""A lock in JSON: parsing of its bytes, and the line numbers of its objects, which Python's parser does not provide."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence

from attrs import field, frozen

from reqpi.core.locks.findings import Findings
from reqpi.core.locks.pip.lines import physical_lines
from reqpi.core.locks.rules.entries import NESTING
from reqpi.core.locks.rules.requirements import UNDECODABLE, Refused
from reqpi.core.locks.rules.tools import JSON, REPEATED
from reqpi.core.locks.tools.toml_document import VALUES, too_many

__all__ = ["JsonDocument", "Place", "load"]

Place = tuple[str, str]
"""Two keys: one of the top-level object, and one of the object at that key."""

# Possessive, and never fails once a match has begun. In valid JSON it finds every token that matters here.
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*+"?|[{}\[\],:]|\r\n?|\n')


@frozen
class JsonDocument:
    """The value of a document, and the lines of its parts.

    :param value: the parsed value.
    :param lines: its physical lines.
    :param spans: the first and last line of each place, from 1.
    :param items: the first and last line of each object in an array under the key that :func:`load` was given.
    """

    value: object
    lines: Sequence[str] = field(repr=False)
    spans: Mapping[Place, tuple[int, int]] = field(repr=False)
    items: Sequence[tuple[int, int]] = field(default=(), repr=False)


def load(document: bytes, findings: Findings, items: str = "") -> JsonDocument:
    """Parse ``document``. A key that is repeated in an object is a defect.

    :param document: UTF-8. The cost of reading is at most linear in its size.
    :param items: the key of arrays, at any depth, whose objects' lines are wanted.
    :raises reqpi.core.errors.BrokenLock: it cannot be parsed.
    """
    try:
        text = document.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = document[: error.start].decode("utf-8-sig", "replace")
        findings.only(Refused(UNDECODABLE, "UTF-8"), len(physical_lines(before + ".")))
    if sum(map(text.count, ",[{")) > VALUES:
        findings.only(too_many(), 0)
    try:
        # Numbers that matter are short. Python would take quadratic time to parse others, or reject them.
        value = json.loads(text, parse_int=_short, parse_float=_none, parse_constant=_none)
    except RecursionError:
        findings.only(Refused(NESTING, "arrays or objects are nested too deeply"), 0)
    except json.JSONDecodeError as error:
        # Where the end is missing, report the last line.
        line = min(len(physical_lines(text[: error.pos] + ".")), len(physical_lines(text)))
        findings.only(Refused(JSON, error.msg), line)
    places = _Places(items)
    for key, line in places.read(text):
        findings.refuse(REPEATED, line, key)
    return JsonDocument(value, physical_lines(text), places.spans, places.items)


def _short(digits: str) -> int | None:
    return int(digits) if len(digits) < 10 else None


def _none(_: str) -> None:
    return None


class _Places:
    """A scanner that finds the lines of places, and repeated keys."""

    def __init__(self, items: str = "") -> None:
        self.spans: dict[Place, tuple[int, int]] = {}
        self.items: list[tuple[int, int]] = []
        self._wanted = items
        self._last_key = ""
        self._within: list[str] = []
        self._starts: list[int] = []
        self._keys: list[set[str] | None] = []
        self._path: list[str] = []
        self._begun = 0

    def read(self, text: str) -> Iterator[tuple[str, int]]:
        """Scan ``text``, which must be valid JSON, and yield each repeated key of an object with its line."""
        line, string = 1, ""
        for found in _TOKEN.finditer(text):
            sign = found[0]
            if sign[0] in "\r\n":
                line += 1
            elif sign[0] == '"':
                string = sign
            elif sign == ":":
                key = json.loads(string)
                keys = self._keys[-1]
                assert keys is not None, "only an object has keys"
                if key in keys:
                    yield key, line
                keys.add(key)
                self._last_key = key
                self._key(key, line)
            else:
                self._structure(sign, line)

    def _key(self, key: str, line: int) -> None:
        depth = len(self._keys)
        if depth > 2 or None in self._keys:
            return
        self._path[depth - 1 :] = [key]
        if depth == 2:
            self._begun = line
            self.spans[self._path[0], key] = (line, line)

    def _structure(self, sign: str, line: int) -> None:
        if sign in "{[":
            self._keys.append(set() if sign == "{" else None)
            self._within.append(self._last_key if sign == "[" else "")
            self._starts.append(line)
        elif sign in "}]":
            self._keys.pop()
            self._within.pop()
            begun = self._starts.pop()
            if sign == "}" and self._wanted and self._within and self._within[-1] == self._wanted:
                self.items.append((begun, line))
            if len(self._keys) == 2 and len(self._path) == 2:
                self.spans[self._path[0], self._path[1]] = (self._begun, line)
