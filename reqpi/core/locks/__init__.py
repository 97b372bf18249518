"""Bytes -> :class:`~reqpi.core.model.Lock`: one module per format, and one :func:`read` that recognises the format."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence, Set

from attrs import evolve, field, frozen

from reqpi.core.address import flaws_of_paths, is_listing, listing_of
from reqpi.core.errors import BrokenLock
from reqpi.core.locks import support
from reqpi.core.locks.findings import Findings, conclude
from reqpi.core.locks.formats import recognise
from reqpi.core.locks.markers.checked import Markers
from reqpi.core.locks.pip import ranges, reader
from reqpi.core.locks.pip.lines import physical_lines
from reqpi.core.locks.pip.ranges import Range
from reqpi.core.locks.rules.requirements import BINARY, TOO_MANY, Refused
from reqpi.core.locks.rules.sources import DOCUMENT_PATH, LISTING
from reqpi.core.locks.text import decode, encoding
from reqpi.core.locks.tools import cargo, pdm, pex, pipfile, poetry, pylock, uv
from reqpi.core.model import Lock, Pin, Project
from reqpi.core.report import Document

__all__ = ["LINES", "read", "read_together"]

LINES = 1_000_000
"""The most physical lines that a document may have, in any format."""

_READERS: Mapping[str, Callable[[bytes, Findings], tuple[Pin, ...]]] = {
    pylock.FORMAT: pylock.read,
    uv.FORMAT: uv.read,
    poetry.FORMAT: poetry.read,
    pdm.FORMAT: pdm.read,
    pipfile.FORMAT: pipfile.read,
    pex.FORMAT: pex.read,
    cargo.FORMAT: cargo.read,
}
"""Readers by the name of the format, except for requirements.txt: only that may refer to other documents."""


@frozen
class _Part:
    """The content of one document.

    :param format: the name of its format; empty if the document cannot be read at all.
    :param ranges: requirements that another document must pin.
    """

    findings: Findings
    format: str = ""
    pins: tuple[Pin, ...] = ()
    ranges: tuple[Range, ...] = field(factory=tuple)


def read(document: bytes) -> Lock:
    """Read one document as a lock; its format is recognised from the bytes alone.

    :param document: of any size. The cost of reading grows at most linearly, up to the limits in ``docs/locks.md``.
    :raises reqpi.core.errors.BrokenLock: it is not a lock, or it has defects: at most 1000 are listed, in the order of
        the document.
    """
    return _read(document, (Document("", document),))


def read_together(documents: Sequence[Document]) -> Lock:
    """Read several documents as one lock: each is read by itself, and may name the others and rely on their pins.

    :param documents: at least one, in the order of the listing; each with a path.
    :raises reqpi.core.errors.BrokenLock: there are defects: at most 1000 are listed, in the order of documents and then
        of lines.
    """
    flaws = flaws_of_paths(document.path for document in documents)
    if flaws or not documents:
        findings = [Findings((), path) for path in flaws] or [Findings(())]
        for found in findings:
            found.refuse(DOCUMENT_PATH, 0, flaws.get(found.path, "there are no documents"))
        conclude(findings)
    return _read(listing_of(documents), tuple(documents))


def _read(committed: bytes, documents: tuple[Document, ...]) -> Lock:
    paths = frozenset(document.path for document in documents if document.path)
    markers = Markers()
    parts = [_part(document, paths, markers) for document in documents]
    pins = tuple(pin for part in parts for pin in part.pins)
    if all(part.format for part in parts):
        ranges.check(((part.findings, each) for part in parts for each in part.ranges), pins)
    notes = conclude(_with_note_of_nothing(parts, pins))
    known = tuple(document._replace(format=part.format) for document, part in zip(documents, parts, strict=True))
    formats = ", ".join(dict.fromkeys(part.format for part in parts))
    supported = support.together(part.findings.support for part in parts)
    local = frozenset[Project]().union(*(part.findings.local for part in parts))
    return Lock(committed, formats, pins, notes, known, supported, local)


def _with_note_of_nothing(parts: Sequence[_Part], pins: Sequence[Pin]) -> list[Findings]:
    whole = Findings(())
    if not pins and not any(part.findings.crates for part in parts):
        whole.note(0, "Nothing is pinned: this lock admits nothing.")
    return [whole, *(part.findings for part in parts)]


def _part(document: Document, paths: Set[str], markers: Markers) -> _Part:
    try:
        return _readable(document, paths, markers)
    except BrokenLock as broken:
        findings = Findings((), document.path)
        findings.adopt(broken.defects)
        return _Part(findings)


def _readable(document: Document, paths: Set[str], markers: Markers) -> _Part:
    """Read one document.

    :param paths: the paths of all documents of the commitment; empty for a single document.
    :raises reqpi.core.errors.BrokenLock: the document as a whole cannot be read.
    """
    if is_listing(document.data):
        Findings(()).only(Refused(LISTING), 0)
    text = decode(document.data)
    if text.count("\n") + text.count("\r") - text.count("\r\n") >= LINES:
        Findings(()).only(Refused(TOO_MANY, f"{LINES} lines"), 0)
    lines = physical_lines(text)
    findings = Findings(lines, document.path)
    if refused := _binary(text):
        findings.only(*refused)
    format_, number = recognise(lines)
    if isinstance(format_, Refused):
        findings.only(format_, number)
    if format_ == reader.FORMAT:
        codec = encoding(document.data).codec
        said = reader.read(text, lines, codec, findings, reader.Context(paths, markers))
        return _Part(findings, format_, said.pins, said.ranges)
    pins = _READERS[format_](document.data, findings)
    return _Part(
        findings, format_, tuple(evolve(pin, document=document.path) for pin in pins) if document.path else pins
    )


def _binary(text: str) -> tuple[Refused, int] | None:
    first = text.find("\0")
    if first < 0:
        return None
    line = len(physical_lines(text[:first] + "."))
    # Every other byte of ASCII text in UTF-16 is NUL.
    wide = text[:200].count("\0") * 3 > len(text[:200])
    return Refused(BINARY, "UTF-16 without a byte order mark" if wide else "a binary file"), line
