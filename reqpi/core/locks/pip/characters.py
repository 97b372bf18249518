"""Characters that a lock must not have: those that editors do not show, and look-alikes of letters and digits."""

from __future__ import annotations

import re
from collections.abc import Sequence

from reqpi.core.locks.findings import Findings
from reqpi.core.locks.pip.lines import comment_start
from reqpi.core.locks.rules.requirements import CONTROL, HIDDEN_END, NOT_ASCII, UNDECODABLE, shown

__all__ = ["check"]

# Everything that str.splitlines, and therefore pip, treats as the end of a line, except what editors show as one.
_HIDDEN_END = re.compile("[\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
_UNDECODABLE = re.compile("[\udc80-\udcff]")
_CONTROL = re.compile("[\x00-\x08\x0e-\x1b\x1f\x7f]")
_NOT_ASCII = re.compile("[^\x00-\x7f]")
# Unicode's bidirectional controls: they can make a line look like a different line.
_REORDERING = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")

_SUSPECT = re.compile("[^\t\n\r\x20-\x7e]")

_NAMES = {
    "\x0b": "a vertical tab",
    "\x0c": "a form feed",
    "\x85": "U+0085, next line",
    "\u2028": "U+2028, line separator",
    "\u2029": "U+2029, paragraph separator",
}


def check(lines: Sequence[str], text: str, codec: str, findings: Findings) -> frozenset[int]:
    """Report the lines that have such characters as defects.

    :param text: the same lines as one string.
    :param codec: the encoding that the document should have.
    :returns: the numbers of the rejected lines, from 1. Their other content must be ignored.
    """
    if not _SUSPECT.search(text):
        return frozenset()
    return frozenset(number for number, line in enumerate(lines, 1) if not _sound(number, line, codec, findings))


def _sound(number: int, line: str, codec: str, findings: Findings) -> bool:
    if not _SUSPECT.search(line):
        return True
    if _UNDECODABLE.search(line):
        findings.refuse(UNDECODABLE, number, codec.upper())
    elif found := _HIDDEN_END.search(line):
        findings.refuse(HIDDEN_END, number, _NAMES.get(found[0]) or _named(found[0]))
    elif found := _CONTROL.search(line):
        findings.refuse(CONTROL, number, _named(found[0]))
    elif found := _NOT_ASCII.search(line, 0, _end(line)):
        findings.refuse(NOT_ASCII, number, _named(found[0]))
    else:
        if _REORDERING.search(line):
            findings.note(
                number, "The comment has characters that reorder text, so the line may look like a different one."
            )
        return True
    return False


def _end(line: str) -> int:
    start = comment_start(line)
    return len(line) if start < 0 else start


def _named(char: str) -> str:
    return f"U+{ord(char):04X} ({shown(char)})" if char.isprintable() else f"U+{ord(char):04X}"
