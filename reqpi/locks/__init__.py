"""Bytes -> :class:`~reqpi.model.Lock`: one format a file, one :func:`read` that recognises the format."""

from __future__ import annotations

from reqpi.locks import requirements
from reqpi.locks.findings import Findings
from reqpi.locks.formats import recognise
from reqpi.locks.lines import physical_lines
from reqpi.locks.rules import BINARY, TOO_MANY, Refused
from reqpi.locks.text import decode, encoding
from reqpi.model import Lock

__all__ = ["LINES", "read"]

LINES = 1_000_000
"""Physical lines of a document, of any format."""


def read(document: bytes) -> Lock:
    """The lock that ``document`` is; its format is recognised from the bytes alone.

    :param document: of any size; what reading costs grows with it at most, up to the limits in ``docs/locks.md``.
    :raises reqpi.errors.BrokenLock: it is no lock, or one with defects: at most 1000 of them, in the document's order.
    """
    text = decode(document)
    codec = encoding(document).codec
    if text.count("\n") + text.count("\r") - text.count("\r\n") >= LINES:
        Findings(()).only(Refused(TOO_MANY, f"{LINES} lines"), 0)
    lines = physical_lines(text)
    refused = _binary(text) or recognise(lines)
    if refused:
        Findings(lines).only(*refused)
    return requirements.read(document, text, lines, codec)


def _binary(text: str) -> tuple[Refused, int] | None:
    first = text.find("\0")
    if first < 0:
        return None
    line = len(physical_lines(text[:first] + "."))
    # Every other byte of ASCII in UTF-16 is NUL.
    wide = text[:200].count("\0") * 3 > len(text[:200])
    return Refused(BINARY, "UTF-16 without a byte order mark" if wide else "a binary file"), line
