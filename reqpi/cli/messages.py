"""How the command line speaks: on stderr, with the line of the lock where there is one, as compilers do.

``requirements.txt:12: no version is pinned: six>=1.0``, and below it, indented, what to write instead.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import NamedTuple

from reqpi.cli.colour import BOLD, RED, YELLOW, painted
from reqpi.core.report import Defect, Note

__all__ = [
    "DocumentNames",
    "count_of",
    "size_of",
    "tell_defects",
    "tell_error",
    "tell_lines",
    "tell_notes",
    "tell_remark",
    "trust_on_first_use",
    "visible",
]

_LONGEST_QUOTE = 160  # characters of a line of the lock: more would hide the problem, and digests say little


class DocumentNames(NamedTuple):
    """How messages call the documents of a lock.

    :param whole: all of them together; the one, where there is one.
    :param each: by their paths, as the user would type them.
    """

    whole: str
    each: Mapping[str, str] = MappingProxyType({})

    def of(self, path: str) -> str:
        """How one is called; with no path, all of them."""
        return self.each.get(path, path) or self.whole


def tell_error(title: str, detail: str = "") -> None:
    """One error that concerns no line of a lock."""
    _say(f"{_seen('reqpi:', RED)} {visible(title)}", detail)


def tell_remark(text: str) -> None:
    """What a user should know of what is being done."""
    _tell(f"reqpi: {text}")


def tell_defects(names: DocumentNames, defects: Iterable[Defect], more: int = 0) -> None:
    """Every defect of a lock.

    :param more: how many others there are, which are not listed.
    """
    told = 0
    for defect in defects:
        told += 1
        place = _place(names.of(defect.document), defect.line)
        problem = _seen(defect.problem, RED)
        _say(f"{_seen(f'{place}:', BOLD)} {problem}{visible(_quoted(defect.text))}", defect.advice)
    _tell(f"{names.whole}: {count_of(told + more, 'defect')}{f', {more} of them not shown' if more else ''}")


def tell_notes(names: DocumentNames, notes: Iterable[Note]) -> None:
    """Warnings and notes about a lock."""
    for note in notes:
        place = _place(names.of(note.document), note.line)
        level = _seen(f"{note.level}:", YELLOW if note.level == "warning" else BOLD)
        _say(f"{_seen(f'{place}:', BOLD)} {level} {visible(f'{note.message}{_quoted(note.text)}')}")


def tell_lines(lines: Iterable[str]) -> None:
    """Lines that somebody may want to paste elsewhere, so nothing is added to them."""
    for line in lines:
        _tell(line)


def count_of(number: int, noun: str) -> str:
    """``1 pin``, ``2 pins``."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def trust_on_first_use(pins: int, of: int) -> str:
    """Say how many pins of a lock commit to a version and not to bytes.

    :param pins: those that have no digest.
    :param of: all pins.
    """
    return (
        f"{pins} of {count_of(of, 'pin')} {'has' if pins == 1 else 'have'} no digest: trust on first use; "
        "<address>/requirements.txt lists the digests that are frozen"
    )


def size_of(size: int) -> str:
    """Bytes, in the unit that people read."""
    if size < 1 << 10:
        return count_of(size, "byte")
    amount, unit = next(
        (size / (1 << power), unit)
        for power, unit in ((40, "TiB"), (30, "GiB"), (20, "MiB"), (10, "KiB"))
        if size >= 1 << power
    )
    return f"{amount:.1f} {unit}"


def visible(text: str) -> str:
    """``text`` on one line, and nothing in it that a terminal would obey: it comes from a lock, or from a server."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode("ascii") for char in text)


def _place(name: str, line: int) -> str:
    """Where: line 0 is the whole document."""
    return f"{name}:{line}" if line else name


def _quoted(text: str) -> str:
    """The line itself, behind what is said about it."""
    text = text.strip()
    if not text:
        return ""
    return f": {text}" if len(text) <= _LONGEST_QUOTE else f": {text[:_LONGEST_QUOTE]}…"


def _tell(text: str) -> None:
    """Print a line that has no colour."""
    _say(visible(text))


def _seen(text: str, colour: str) -> str:
    """Return a part of a message in a colour, with nothing in it that a terminal obeys."""
    return painted(visible(text), colour, sys.stderr)


def _say(text: str, advice: str = "") -> None:
    """Print a line, and what to do below it.

    :param text: made of what is visible.
    """
    print(text, file=sys.stderr)
    if advice:
        print(f"    {visible(advice)}", file=sys.stderr)
