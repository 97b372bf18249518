"""A frozen commitment, written out again: the same lock, with nothing left open."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from attrs import evolve

from reqpi import narrow
from reqpi.errors import NothingUpstream
from reqpi.locks.lines import LogicalLine, comment_start, logical_lines, physical_lines
from reqpi.locks.text import decode, encoding
from reqpi.model import Commitment, Page, Pin, Project

__all__ = ["requirements"]

_HASH = re.compile(r"\s--hash(?:=|\s)\s*[^\s]+")


def requirements(commitment: Commitment, pages: Mapping[Project, Page]) -> bytes:
    """The lock as a ``requirements.txt`` that lists the sha256 of every file it admits.

    All other lines, comments, markers, extras and options stay as they are. To commit to these bytes is to commit to
    every byte that the address serves. The same commitment and pages give the same bytes.

    :param pages: the frozen page of every project that the lock pins.
    :raises reqpi.errors.NothingUpstream: a pin has no file.
    """
    document = commitment.lock.document
    lines = physical_lines(decode(document))
    pins = {pin.line: pin for pin in commitment.lock.pins}
    written: list[str] = []
    done = 0
    for logical in logical_lines(lines):
        pin = pins.get(logical.line)
        if pin is not None:
            written += lines[done : pin.line - 1]
            written += _lines_of(commitment, pin, logical, lines, pages[pin.project])
            done = pin.last_line
    written += lines[done:]
    how = encoding(document)
    return how.mark + "".join(written).encode(how.codec)


def _lines_of(commitment: Commitment, pin: Pin, logical: LogicalLine, lines: list[str], page: Page) -> Iterator[str]:
    """One requirement: its own words, its digests one a line, and then its comments."""
    alone = evolve(commitment.lock, pins=(pin,))
    digests = sorted({f"--hash=sha256:{file.sha256}" for file in page.files if narrow.admits(alone, file)})
    if not digests:
        raise NothingUpstream(
            f"the upstream has no file of {pin.project} {pin.version}",
            f"Line {pin.line} of the lock cannot be completed.",
        )
    said = lines[pin.line - 1 : pin.last_line]
    end = said[0][len(said[0].rstrip("\r\n")) :] or "\n"
    options = _HASH.sub("", logical.text[len(pin.text) :]).strip()
    yield f" \\{end}    ".join([f"{pin.text} {options}".rstrip(), *digests]) + end
    for line in said:
        start = comment_start(line)
        if start >= 0:
            yield f"    {line[start:].rstrip()}{end}"
