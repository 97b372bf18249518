"""The files that a requirements.txt includes with ``-r`` and ``-c``. No file is opened.

The lines are read as :mod:`reqpi.core.locks` reads them, but in a few milliseconds, without third-party packages and
without validation. A line with a defect is ignored here: the server reports it, with better advice.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from io import StringIO
from typing import NamedTuple

from reqpi.core.document_heads import MARKS, TOML_KEY

__all__ = ["Include", "includes_of"]

_COMMENT = re.compile(r"(?<!\S)#")
_WORD = re.compile(r"(?:[^\s'\"]++|'[^']*+'|\"[^\"]*+\")++")
_QUOTED = re.compile(r"'([^']*+)'|\"([^\"]*+)\"")
_VARIABLE = re.compile(r"\$\{[A-Z0-9_]+\}")
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*+:")
_PIN = re.compile(r"[=<>~!]=")
# JSON, TOML and HTML begin like this, and no requirement does. Only a requirements.txt includes other files.
_NO_REQUIREMENTS = re.compile(rf"[\[{{<]|{TOML_KEY}")


class Include(NamedTuple):
    """One line that names another file.

    :param line: number of its first physical line, from 1.
    :param text: the line, without its comment.
    :param said: the path, as it is written; never a URL.
    """

    line: int
    text: str
    said: str


def includes_of(document: bytes) -> Iterator[Include]:
    """Yield the files that ``document`` includes, in order; a document of another format includes none."""
    first = True
    for number, text in _logical_lines(_text(document)):
        if first and text:
            first = False
            if _NO_REQUIREMENTS.match(text):
                return
        said = _value(text) if text.startswith(("-r", "-c", "--requirement", "--constraint")) else ""
        if said and not _URL.match(said):
            yield Include(number, text, said)


def _text(document: bytes) -> str:
    for mark, codec in MARKS:
        if document.startswith(mark):
            return document[len(mark) :].decode(codec, "replace")
    return document.decode("utf-8", "surrogateescape")


def _logical_lines(text: str) -> Iterator[tuple[int, str]]:
    """Yield lines as pip joins them and removes comments: a backslash continues a line, a comment ends it."""
    parts: list[str] = []
    start = 0
    for number, ended in enumerate(StringIO(text, newline=None), 1):
        line = ended.removesuffix("\n")
        if not parts:
            start = number
        comment = _COMMENT.search(line) if "#" in line else None
        if comment is None and line.endswith("\\"):
            parts.append(line[:-1])
            continue
        parts.append(line[: comment.start()] if comment else line)
        yield start, "".join(parts).strip(" \t")
        parts = []
    if parts:
        yield start, "".join(parts).strip(" \t")


def _value(text: str) -> str:
    """Return the value of the option that a line begins with; empty for another option, or a malformed line.

    An option after another one is ignored: pip does not see it, and a lock with it has a defect.
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
