"""Reading one lock in TOML, for tests; and the locks that the tools themselves made."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from reqpi.core.errors import BrokenLock
from reqpi.core.locks.findings import Findings
from reqpi.core.locks.pip.lines import physical_lines
from reqpi.core.locks.text import decode
from reqpi.core.model import Pin
from reqpi.core.report import Note

__all__ = ["DATA", "Reader", "defects", "pins", "spelled"]

Reader = Callable[[bytes, Findings], tuple[Pin, ...]]

DATA = Path(__file__).parents[2] / "data" / "locks"


def pins(reader: Reader, document: bytes) -> tuple[tuple[Pin, ...], tuple[Note, ...]]:
    """Return the findings of ``reader``.

    :raises BrokenLock: with the defects.
    """
    findings = Findings(physical_lines(decode(document)))
    found = reader(document, findings)
    return found, findings.conclude()


def defects(reader: Reader, document: bytes) -> str:
    """The lines and rules of the defects; nothing where there are none."""
    try:
        pins(reader, document)
    except BrokenLock as broken:
        return ", ".join(f"{defect.line} {defect.rule}" for defect in broken.defects)
    return ""


def spelled(pin: Pin) -> str:
    """A pin: its text, how many digests it has, its indexes, its lines."""
    digests = f" ({len(pin.digests)})" if pin.digests else ""
    return f"{pin.text}{digests}{''.join(f' <{url}>' for url in pin.indexes)} @{pin.line}-{pin.last_line}"
