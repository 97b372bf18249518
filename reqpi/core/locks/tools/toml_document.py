"""A lock in TOML: parsing of its bytes, and the line numbers of its tables.

tomllib provides no line numbers, so they are looked up in the text: the ``[[package]]`` headers are counted, and the
line of a key is the first line of its entry that begins with it. Where a document is written in another way (such as an
inline array of packages), findings are about line 0, the whole document. Lines are for people and decide nothing.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence

from attrs import field, frozen

from reqpi.core.locks.findings import Findings
from reqpi.core.locks.rules.entries import NESTING, SYNTAX
from reqpi.core.locks.rules.requirements import TOO_MANY, UNDECODABLE, Refused

__all__ = ["KEY_PARTS", "NUMBER_LENGTH", "VALUES", "TomlDocument", "load", "too_many"]

KEY_PARTS = 8
"""Parts of a dotted key, at most. tomllib takes quadratic time over them."""

NUMBER_LENGTH = 40
"""Characters of a number or a time, at most. Python takes quadratic time over decimals, and prints no longer ones."""

VALUES = 500_000
"""Keys, values and tables of a document, at most: a tool writes 300,000 of them into 8 MiB. Each costs some 20 µs, and
up to a kilobyte of memory."""

# Possessive, and never fails once a match has begun: an unclosed string ends with its line or the document.
_STRINGS = re.compile(
    r'"""(?:[^"\\]|\\.|"(?!""))*+(?:"""|\Z)'
    r"|'''(?:[^']|'(?!''))*+(?:'''|\Z)"
    r'|"(?:[^"\\\n]|\\[^\n])*+"?'
    r"|'[^'\n]*+'?"
    r"|#[^\n]*+",
    re.DOTALL,
)
_DOTTED = re.compile(r"[A-Za-z0-9_\- \t.]{2,}+")
_LONG_NUMBER = re.compile(rf"(?<![A-Za-z0-9_.+-])[+-]?[0-9][0-9A-Za-z_+.:-]{{{NUMBER_LENGTH}}}")
_HEADER = re.compile(r"[ \t]*+(\[\[?)[ \t]*+([A-Za-z0-9_-]++)[ \t]*+([.\]])")
_KEY = re.compile(r"[ \t]*+(?:\[\[?[ \t]*+(?:[A-Za-z0-9_-]++[ \t]*+\.[ \t]*+)?)?([A-Za-z0-9_-]++)[ \t]*+[=.\]]")


@frozen
class TomlDocument:
    """The tables of a document, and the lines of its entries.

    :param tables: the document as parsed by tomllib.
    :param lines: its physical lines.
    :param spans: the first and the last line of each entry, from 1; empty if they cannot be determined.
    """

    tables: Mapping[str, object]
    lines: Sequence[str] = field(repr=False)
    spans: Sequence[tuple[int, int]] = field(repr=False)
    _keys: dict[int, dict[str, int]] = field(factory=dict, repr=False)

    def span(self, entry: int) -> tuple[int, int]:
        """Return the first and the last line of an entry; zeros if they cannot be determined.

        :param entry: its number, from 0.
        """
        return self.spans[entry] if self.spans else (0, 0)

    def line(self, entry: int, key: str = "") -> int:
        """Return the line of a key of an entry, or the first line of the entry if the key is not found.

        :param entry: its number, from 0.
        """
        first, last = self.span(entry)
        if not key or not first:
            return first
        if entry not in self._keys:
            self._keys[entry] = _keys(self.lines, first, last)
        return self._keys[entry].get(key, first)

    def top(self, key: str) -> int:
        """Return the line of a top-level key; 0 if it is not found."""
        end = self.spans[0][0] if self.spans else len(self.lines)
        return _keys(self.lines, 1, end).get(key, 0)


def load(document: bytes, entries: str, findings: Findings) -> TomlDocument:
    """Parse ``document``.

    :param document: UTF-8. The cost of reading is at most linear in its size.
    :param entries: the key of the array of tables that lists the packages.
    :raises reqpi.core.errors.BrokenLock: it cannot be parsed.
    """
    try:
        text = document.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        wide = document.startswith((b"\xff\xfe", b"\xfe\xff", b"\0\0\xfe\xff"))
        line = 0 if wide else document.count(b"\n", 0, error.start) + 1
        findings.only(Refused(UNDECODABLE, "UTF-8"), line)
    text = text.replace("\r\n", "\n")
    lines = text.split("\n")
    _check_lengths(text, findings)
    try:
        tables = tomllib.loads(text)
    except RecursionError:
        findings.only(Refused(NESTING, "arrays or tables are nested too deeply"), 0)
    except ValueError as error:
        findings.only(Refused(SYNTAX, str(error)), _error_line(str(error)))
    return TomlDocument(tables, lines, _spans(lines, tables.get(entries), entries))


def too_many() -> Refused:
    """Return the reason for rejecting a document of too many parts."""
    return Refused(TOO_MANY, f"{VALUES} keys, values and tables")


def _check_lengths(text: str, findings: Findings) -> None:
    bare = _STRINGS.sub(lambda found: "s" + "\n" * found[0].count("\n"), text)
    if sum(map(bare.count, "=,[{")) > VALUES:
        findings.only(too_many(), 0)
    for found in _DOTTED.finditer(bare):
        if found[0].count(".") >= KEY_PARTS:
            line = bare.count("\n", 0, found.start()) + 1
            findings.only(Refused(NESTING, f"a key has more than {KEY_PARTS} parts"), line)
    number = _LONG_NUMBER.search(bare)
    if number is not None:
        line = bare.count("\n", 0, number.start()) + 1
        findings.only(Refused(SYNTAX, f"a number has more than {NUMBER_LENGTH} characters"), line)


def _error_line(error: str) -> int:
    # tomllib's messages end like this up to Python 3.13; later versions have an attribute, too.
    found = re.search(r"\(at line ([0-9]{1,9}), column [0-9]{1,9}\)\Z", error)
    return int(found[1]) if found else 0


def _spans(lines: Sequence[str], listed: object, entries: str) -> list[tuple[int, int]]:
    """Return the first and last line of each entry; an empty list if there are not as many headers as entries."""
    starts: list[int] = []
    ends: list[int] = []
    last = 0
    within = False
    for number, line in enumerate(lines, 1):
        found = _HEADER.match(line) if "[" in line else None
        if found:
            begins = found.groups() == ("[[", entries, "]")
            if within and (begins or found[2] != entries):
                ends.append(last)
                within = False
            if begins:
                starts.append(number)
                within = True
        if line.strip():
            last = number
    ends += [last] * within
    as_many = isinstance(listed, list) and len(starts) == len(listed)
    return list(zip(starts, ends, strict=True)) if as_many else []


def _keys(lines: Sequence[str], first: int, last: int) -> dict[str, int]:
    found: dict[str, int] = {}
    for number in range(first, last + 1):
        key = _KEY.match(lines[number - 1])
        if key:
            found.setdefault(key[1], number)
    return found
