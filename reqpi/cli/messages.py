"""The messages of the command line: on stderr, with the file and the line of the lock, as compilers print them.

An example is ``requirements.txt:12: no version is pinned: six>=1.0``. The line below it, indented, is the advice.
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

_LONGEST_QUOTE = 160  # characters of a line of the lock: a longer quotation would hide the problem


class DocumentNames(NamedTuple):
    """The names of a lock's documents in messages.

    :param whole: the name of all documents together, or of the only one.
    :param each: the names as the user would type them, by the path in the lock.
    """

    whole: str
    each: Mapping[str, str] = MappingProxyType({})

    def of(self, path: str) -> str:
        """Return the name of the document at ``path``; for an empty path, the name of all documents."""
        return self.each.get(path, path) or self.whole


def tell_error(title: str, detail: str = "") -> None:
    """Print an error that does not concern a line of a lock.

    :param detail: the advice, which is printed below it.
    """
    _say(f"{_seen('reqpi:', RED)} {visible(title)}", detail)


def tell_remark(text: str) -> None:
    """Print a remark about the work in progress or its result."""
    _tell(f"reqpi: {text}")


def tell_defects(names: DocumentNames, defects: Iterable[Defect], more: int = 0) -> None:
    """Print the defects of a lock and their number.

    :param more: the number of further defects that are not listed.
    """
    listed = 0
    for defect in defects:
        listed += 1
        place = _place(names.of(defect.document), defect.line)
        problem = _seen(defect.problem, RED)
        _say(f"{_seen(f'{place}:', BOLD)} {problem}{visible(_quoted(defect.text))}", defect.advice)
    _tell(f"{names.whole}: {count_of(listed + more, 'defect')}{f', {more} of them not shown' if more else ''}")


def tell_notes(names: DocumentNames, notes: Iterable[Note]) -> None:
    """Print the warnings and notes about a lock."""
    for note in notes:
        place = _place(names.of(note.document), note.line)
        level = _seen(f"{note.level}:", YELLOW if note.level == "warning" else BOLD)
        quoted = _quoted(note.text)
        message = note.message.removesuffix(".") if quoted else note.message
        _say(f"{_seen(f'{place}:', BOLD)} {level} {visible(message + quoted)}")


def tell_lines(lines: Iterable[str]) -> None:
    """Print lines that a user may want to paste elsewhere, with nothing added to them."""
    for line in lines:
        _tell(line)


def count_of(number: int, noun: str) -> str:
    """Return a number with its noun: ``1 pin``, ``2 pins``."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def trust_on_first_use(pins: int, of: int) -> str:
    """Return the remark that some pins of a lock commit to a version and not to bytes.

    :param pins: the number of pins without a digest.
    :param of: the number of all pins.
    """
    return (
        f"{pins} of {count_of(of, 'pin')} {'has' if pins == 1 else 'have'} no digest: trust on first use; "
        "<address>/requirements.txt lists the frozen digests"
    )


def size_of(size: int) -> str:
    """Return a number of bytes in the largest binary unit that fits: ``3.4 MiB``."""
    if size < 1 << 10:
        return count_of(size, "byte")
    amount, unit = next(
        (size / (1 << power), unit)
        for power, unit in ((40, "TiB"), (30, "GiB"), (20, "MiB"), (10, "KiB"))
        if size >= 1 << power
    )
    return f"{amount:.1f} {unit}"


def visible(text: str) -> str:
    """Return ``text`` on one line with control characters escaped: it comes from a lock or a server, not from us."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode("ascii") for char in text)


def _place(name: str, line: int) -> str:
    """Return the place of a message; line 0 means the whole document."""
    return f"{name}:{line}" if line else name


def _quoted(text: str) -> str:
    """Return the line of the lock as it is appended to a message, shortened if it is long."""
    text = text.strip()
    if not text:
        return ""
    return f": {text}" if len(text) <= _LONGEST_QUOTE else f": {text[:_LONGEST_QUOTE]}…"


def _tell(text: str) -> None:
    """Print a line without colour."""
    _say(visible(text))


def _seen(text: str, colour: str) -> str:
    """Return a part of a message in a colour, with control characters escaped."""
    return painted(visible(text), colour, sys.stderr)


def _say(text: str, advice: str = "") -> None:
    """Print a line, and the advice below it.

    :param text: with control characters already escaped.
    """
    print(text, file=sys.stderr)
    if advice:
        print(f"    {visible(advice)}", file=sys.stderr)
