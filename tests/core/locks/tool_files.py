"""Locks that the tools themselves wrote: see ``tests/data/locks/README.md``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from reqpi.core.locks import read as read_requirements
from reqpi.core.locks.findings import Findings
from reqpi.core.locks.pip.lines import physical_lines
from reqpi.core.locks.tools import pdm, pex, pipfile, poetry
from reqpi.core.model import Digest, Pin
from reqpi.core.report import Note

__all__ = ["FILES", "LOCKS", "data", "digests", "read", "versions"]

LOCKS = Path(__file__).parents[2] / "data" / "locks"

FILES = sorted(
    str(path.relative_to(LOCKS))
    for folder in ("poetry", "pdm", "pipenv", "pex")
    for path in (LOCKS / folder).iterdir()
    if path.suffix == ".lock"
)

_READERS = {"poetry": poetry.read, "pdm": pdm.read, "pipenv": pipfile.read, "pex": pex.read}


def data(path: str) -> bytes:
    """The bytes of a file of the data."""
    return (LOCKS / path).read_bytes()


def read(path: str) -> tuple[tuple[Pin, ...], tuple[Note, ...]]:
    """Its pins and notes; the reader is that of the tool whose folder it is in."""
    document = data(path)
    reader = _READERS.get(path.partition("/")[0])
    if not reader:
        lock = read_requirements(document)
        return lock.pins, lock.notes
    findings = Findings(physical_lines(document.decode()))
    pins = reader(document, findings)
    return pins, findings.conclude()


def versions(pins: tuple[Pin, ...]) -> Mapping[str, str]:
    """Return the version of each project. A project with several is an error, as it would go unnoticed."""
    found: dict[str, str] = {}
    for pin in pins:
        assert found.setdefault(pin.project, pin.version) == pin.version
    return found


def digests(pins: tuple[Pin, ...]) -> Mapping[str, frozenset[Digest]]:
    """The digests of each project."""
    found: dict[str, frozenset[Digest]] = {}
    for pin in pins:
        found[pin.project] = found.get(pin.project, frozenset()) | pin.digests
    return found
