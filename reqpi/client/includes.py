"""``-r`` and ``-c``: which other files a requirements.txt names. Nothing is opened.

It reads what :mod:`reqpi.core.locks` reads, and as that does; but in a few milliseconds and with no packages, and it
judges
nothing. Where a line is wrong it says nothing of it: the server does, in better words.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from io import StringIO
from typing import NamedTuple

__all__ = ["Include", "includes_of"]

# The order matters: UTF-16's mark is the beginning of UTF-32's. Other encodings that a lock may have agree on ASCII.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
)
_COMMENT = re.compile(r"(?<!\S)#")
_WORD = re.compile(r"(?:[^\s'\"]++|'[^']*+'|\"[^\"]*+\")++")
_QUOTED = re.compile(r"'([^']*+)'|\"([^\"]*+)\"")
_VARIABLE = re.compile(r"\$\{[A-Z0-9_]+\}")
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*+:")
_PIN = re.compile(r"[=<>~!]=")
# No requirement begins like this: JSON, TOML, HTML. Only a requirements.txt includes others.
_NO_REQUIREMENTS = re.compile(
    r"[\[{<]|[A-Za-z0-9_][A-Za-z0-9_-]*+[ \t]*+=[ \t]*+[\"'\[{]|(?:version|revision)[ \t]*+=[ \t]*+[0-9]"
)


class Include(NamedTuple):
    """One line that names another file.

    :param line: where it begins, from 1.
    :param text: the line, without its comment.
    :param said: the path, as it is written; never a URL.
    """

    line: int
    text: str
    said: str


def includes_of(document: bytes) -> Iterator[Include]:
    """The files that ``document`` names, in its order. It may be anything: what is no requirements.txt names none."""
    first = True
    for number, text in _logical_lines(_text(document)):
        if first and text:
            first = False
            if _NO_REQUIREMENTS.match(text):
                return
        said = _said(text) if text.startswith(("-r", "-c", "--requirement", "--constraint")) else ""
        if said and not _URL.match(said):
            yield Include(number, text, said)


def _text(document: bytes) -> str:
    for mark, codec in _MARKS:
        if document.startswith(mark):
            return document[len(mark) :].decode(codec, "replace")
    return document.decode("utf-8", "surrogateescape")


def _logical_lines(text: str) -> Iterator[tuple[int, str]]:
    """Lines as pip joins them and removes comments: a backslash continues a line, a comment ends it."""
    pieces: list[str] = []
    start = 0
    for number, ended in enumerate(StringIO(text, newline=None), 1):
        line = ended.removesuffix("\n")
        if not pieces:
            start = number
        comment = _COMMENT.search(line) if "#" in line else None
        if comment is None and line.endswith("\\"):
            pieces.append(line[:-1])
            continue
        pieces.append(line[: comment.start()] if comment else line)
        yield start, "".join(pieces).strip(" \t")
        pieces = []
    if pieces:
        yield start, "".join(pieces).strip(" \t")


def _said(text: str) -> str:
    """The value of the option that a line begins with; empty where it is another one, or the line cannot be read.

    An option behind another one is not looked for: pip overlooks it, and a lock with it has a defect.
    """
    if _VARIABLE.search(text) or _WORD.sub("", text).strip():
        return ""
    word, following = ([found[0] for found in _WORD.finditer(text)] + [""])[:2]
    if word.startswith("--"):
        option, equals, value = _unquoted(word).partition("=")
        return (value if equals else _unquoted(following)) if option in ("--requirement", "--constraint") else ""
    attached = _unquoted(word)[2:]
    return "" if _PIN.search(attached) else attached or _unquoted(following)


def _unquoted(word: str) -> str:
    return _QUOTED.sub(lambda quoted: quoted[1] or quoted[2] or "", word)
